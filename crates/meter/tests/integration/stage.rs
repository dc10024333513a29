//! A meter and its provider, set up as each test needs them.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;
use timbre_meter::{Clock, Meter, MeterError, PieceRequest, Settings};
use timbre_postage::{Amount, Country, Currency, Piece, Weight};

use crate::provider::Provider;
use crate::server::{Authority, Server};

/// A Monday morning in Gatineau, well within the rates of 2025.
pub(crate) const NOW: &str = "2025-06-02T13:00:00Z";

pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    pub(crate) provider: Provider,
    _server: Server,
    pub(crate) settings: Settings,
    time: Arc<Mutex<Timestamp>>,
}

impl Stage {
    /// A provider that serves, and settings for a meter that reaches it; no meter yet.
    pub(crate) fn new() -> Stage {
        let now: Timestamp = NOW.parse().unwrap();
        let folder = TempDir::new().unwrap();
        let authority = Authority::new("Provider root");
        let provider = Provider::new(now);
        let server = provider.serve(&authority);
        let mut settings =
            Settings::new("TM0000042".parse().unwrap(), authority.root_in(folder.path()));
        settings.infrastructure.connect = Some(server.address);
        settings.time_zone = Some("America/Toronto".to_owned());
        settings.refill.automatic = false;
        Stage { folder, provider, _server: server, settings, time: Arc::new(Mutex::new(now)) }
    }

    pub(crate) fn create(&self) -> Meter {
        Meter::create(&self.meter_folder(), &self.settings, self.provider.anchors(), self.clock())
            .unwrap()
    }

    /// A meter that is installed, has its rates and holds `funds`.
    pub(crate) fn ready(&self, funds: i64) -> Meter {
        let mut meter = self.create();
        for report in wait(meter.power_on()) {
            report.result.unwrap();
        }
        wait(meter.refill(cad(funds))).unwrap();
        meter
    }

    pub(crate) fn open(&self) -> Result<Meter, MeterError> {
        Meter::open(&self.meter_folder(), self.clock())
    }

    pub(crate) fn meter_folder(&self) -> PathBuf {
        self.folder.path().join("meter")
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.folder.path().join("out")
    }

    /// Writes a file to run.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn days_pass(&self, days: i64) {
        let later = SignedDuration::from_hours(24 * days);
        *self.time.lock().unwrap() += later;
        self.provider.books().now += later;
    }

    pub(crate) fn clock(&self) -> Clock {
        let time = Arc::clone(&self.time);
        Arc::new(move || *time.lock().unwrap())
    }
}

/// Waits for what goes over the network.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

pub(crate) fn cad(units: i64) -> Amount {
    Amount::from_mills(units * 1000, Currency::Cad)
}

pub(crate) fn letter(grams: u32) -> PieceRequest {
    PieceRequest {
        piece: Piece {
            service: "lettermail".parse().unwrap(),
            destination: Country::CANADA,
            weight: Weight::from_grams(grams),
            dimensions: None,
            registered: false,
        },
        account: Some("Ventes".to_owned()),
        reference: None,
    }
}

/// Copies a folder as it is this moment: what a power cut would leave.
pub(crate) fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
        }
    }
}
