//! The two machines of the demonstration in their folder: made the first time, found again the next.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use timbre_funds::RequestId;
use timbre_infrastructure::staff::{NewCustomer, NewMeter};
use timbre_infrastructure::{Anchors, Config, Customer, MeterLimits, Running, Staff};
use timbre_meter::{Meter, Settings, system_clock};
use timbre_postage::{Amount, Currency, Language, MeterSerial};

use crate::infrastructure::meters::INSPECTION;
use crate::infrastructure::rates::shipped;
use crate::meter::create::{create, new_settings};
use crate::outcome::Failure;
use crate::{cli::OutputArgs, infrastructure, meter};

/// Real input that ships with timbre.
const INPUTS: [(&str, &[u8]); 2] = [
    ("outgoing-mail.csv", include_bytes!("../../../../examples/outgoing-mail.csv")),
    ("letters.pdf", include_bytes!("../../../../examples/letters.pdf")),
];

const POSTAL_CODE: &str = "J8X 3X7";

/// The demonstration's folder with its infrastructure running.
pub(super) struct Site {
    pub(super) dir: PathBuf,
    pub(super) running: Running,
    pub(super) staff: Staff,
    anchors: Anchors,
}

/// The meter, and whether it was made just now.
pub(super) struct DemoMeter {
    pub(super) meter: Meter,
    pub(super) is_new: bool,
}

impl Site {
    /// Starts the infrastructure of `dir` and puts the input where a person can look at it.
    pub(super) async fn open(dir: &Path, listen: SocketAddr) -> Result<Site, Failure> {
        let fault = |error: std::io::Error| {
            Failure::fault("demo-folder", format!("{}: {error}", dir.display()))
        };
        let input = dir.join("input");
        std::fs::create_dir_all(&input).map_err(fault)?;
        for (name, bytes) in INPUTS {
            std::fs::write(input.join(name), bytes).map_err(fault)?;
        }
        let dir = dir.canonicalize().map_err(fault)?;
        let data_dir = dir.join("infrastructure");
        let mut config = Config::for_directory(&data_dir);
        config.listen = listen;
        // Staff commands work on the demonstration too, so it leaves a configuration for them.
        let text = "# The demonstration's infrastructure, for staff commands.\ndata_dir = \"infrastructure\"\n";
        std::fs::write(dir.join("infrastructure.toml"), text).map_err(fault)?;
        let anchors =
            Anchors::of(&config).await.map_err(|error| Failure::fault("anchors", error))?;
        let running = timbre_infrastructure::serve(config)
            .await
            .map_err(|error| Failure::fault("serve", error))?;
        let staff = running.staff("demo");
        Ok(Site { dir, running, staff, anchors })
    }

    /// A new folder for what comes out this time.
    pub(super) fn new_results(&self) -> PathBuf {
        let free =
            (1..).map(|run| self.dir.join(format!("run-{run}"))).find(|folder| !folder.exists());
        free.expect("invariant: there are more numbers than folders")
    }

    pub(super) fn input(&self, name: &str) -> PathBuf {
        self.dir.join("input").join(name)
    }

    /// Publishes the Canadian tables that are not published yet; says how many there are.
    pub(super) async fn publish_rates(&self) -> Result<usize, Failure> {
        for text in shipped("ca-") {
            self.staff
                .publish_rates(text)
                .await
                .map_err(|error| infrastructure::failure(&error))?;
        }
        Ok(self.staff.rates().await.map_err(|error| infrastructure::failure(&error))?.len())
    }

    /// The customer, with at least `wanted` prepaid; what was paid in for that is the second part.
    pub(super) async fn customer(
        &self,
        wanted: Amount,
    ) -> Result<(Customer, Option<Amount>), Failure> {
        let failure = |error| infrastructure::failure(&error);
        let customer = match self.staff.customers().await.map_err(failure)?.into_iter().next() {
            Some(customer) => customer,
            None => {
                let new = NewCustomer {
                    name: "Atelier Bouleau & Frères".to_owned(),
                    postal_code: POSTAL_CODE.parse().expect("invariant: a postal code"),
                    language: Language::French,
                    currency: Currency::Cad,
                    credit_limit: Amount::from_mills(500_000, Currency::Cad),
                };
                self.staff.create_customer(new).await.map_err(failure)?
            }
        };
        let missing = wanted.mills() - customer.prepaid.mills();
        if missing <= 0 {
            return Ok((customer, None));
        }
        let paid_in = wanted;
        let reference: RequestId = format!("demo-{}", Timestamp::now().as_microsecond())
            .parse()
            .expect("invariant: digits and a hyphen");
        let receipt =
            self.staff.deposit(customer.account, paid_in, reference).await.map_err(failure)?;
        Ok((receipt.customer, Some(paid_in)))
    }

    /// The meter of the folder, told where the infrastructure is this time; made and enrolled the first time.
    pub(super) async fn meter(
        &self,
        customer: &Customer,
        language: Language,
    ) -> Result<DemoMeter, Failure> {
        let folder = self.dir.join("meter");
        let file = folder.join("meter.toml");
        let failure = |error| meter::failure(&error);
        if file.exists() {
            let mut settings =
                Settings::read(&file).map_err(|error| Failure::fault("settings", error))?;
            settings.infrastructure.connect = Some(self.running.https_addr);
            std::fs::write(&file, settings.to_toml())
                .map_err(|error| Failure::fault("settings", error))?;
            let meter = Meter::open(&folder, system_clock()).map_err(failure)?;
            return Ok(DemoMeter { meter, is_new: false });
        }
        let serial = MeterSerial::new(1).expect("invariant: a serial number");
        let connect = Some(self.running.https_addr);
        let mut settings = new_settings(serial, &self.anchors, connect, language);
        settings.print.dpi = 600;
        settings.refill.automatic = true;
        settings.refill.amount = Amount::from_mills(500_000, settings.currency);
        let meter = create(&folder, &settings, &self.anchors)?;
        let enrolment = meter.enrolment().map_err(failure)?;
        let new = NewMeter {
            customer: customer.account,
            serial,
            device_key: enrolment.device_key,
            indicium_key: Some(enrolment.indicium_key),
            postal_code: POSTAL_CODE.parse().expect("invariant: a postal code"),
            limits: MeterLimits::usual(settings.currency),
            policy: INSPECTION,
        };
        self.staff.enrol_meter(new).await.map_err(|error| infrastructure::failure(&error))?;
        Ok(DemoMeter { meter, is_new: true })
    }

    /// What a person needs to go on by hand while the demonstration is left up.
    pub(super) fn tell_addresses(&self, output: &OutputArgs) {
        let Running { https_addr, admin_addr, domain, ca_pem, .. } = &self.running;
        let (port, dir) = (https_addr.port(), self.dir.display());
        let services = format!("https://*.{domain}:{port}");
        output.note(
            &format!(
                "\nServices : {services}\nSurveillance : http://{admin_addr}/health\nCertificat racine : {}\n\
                 Le compteur : timbre meter --dir {dir}/meter status\n\
                 Le personnel : timbre infrastructure --config {dir}/infrastructure.toml meter list\nCtrl-C arrête.",
                ca_pem.display()
            ),
            &format!(
                "\nServices: {services}\nMonitoring: http://{admin_addr}/health\nRoot certificate: {}\n\
                 The meter: timbre meter --dir {dir}/meter status\n\
                 The staff: timbre infrastructure --config {dir}/infrastructure.toml meter list\nCtrl-C stops.",
                ca_pem.display()
            ),
        );
    }

    pub(super) async fn close(self) {
        self.running.shutdown().await;
    }
}
