//! A postal security device in service: real keys, a real journal, and a provider that signs what installs and refills it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Error, Result};
use jiff::{Timestamp, ToSpan};
use timbre_key_store::{KeyRole, KeyStore, MemoryKeys};
use timbre_postage::{
    AccountNumber, Amount, Country, Currency, IndiciaNumber, MeterSerial, Piece, Quote, RateBook,
};
use timbre_protocol::installation::{InspectionPolicy, OperationalBlock};
use timbre_protocol::{Signed as _, UNSIGNED, installation, refill};
use timbre_psd::{
    Birth, FileJournal, Journal, MarkKind, Memo, MemoFields, Postage, Psd, TrustAnchors,
};

/// Whoever installs and refills devices.
pub(crate) struct Provider {
    pub(crate) keys: MemoryKeys,
}

impl Provider {
    pub(crate) fn new() -> Result<Provider> {
        Ok(Provider { keys: MemoryKeys::generate(&[KeyRole::Funds, KeyRole::Rates])? })
    }

    pub(crate) fn anchors(&self) -> Result<TrustAnchors> {
        let key = |role| self.keys.public_key(role);
        Ok(TrustAnchors { funds: key(KeyRole::Funds)?, rates: key(KeyRole::Rates)? })
    }

    /// A new device in `folder` with keys of its own, in service.
    pub(crate) fn device(&self, folder: &Path) -> Result<(Psd<FileJournal>, Arc<dyn KeyStore>)> {
        self.device_on(FileJournal::create(folder)?)
    }

    /// The same on a journal that lies anywhere.
    pub(crate) fn device_on<J: Journal>(&self, journal: J) -> Result<(Psd<J>, Arc<dyn KeyStore>)> {
        let roles = [KeyRole::Device, KeyRole::Indicium];
        let keys: Arc<dyn KeyStore> = Arc::new(MemoryKeys::generate(&roles)?);
        let now = Timestamp::now();
        let birth = Birth { serial: serial()?, currency: Currency::Cad, anchors: self.anchors()? };
        let mut psd = Psd::manufacture(birth, journal, Arc::clone(&keys), now)?;
        psd.initialise(now)?;
        self.put_in_service(&mut psd)?;
        Ok((psd, keys))
    }

    /// Installs a device that has its keys, and refills it with more than any run spends.
    pub(crate) fn put_in_service(&self, psd: &mut Psd<impl Journal>) -> Result<()> {
        let now = Timestamp::now();
        let request = psd.installation_request(now, [1; 16])?;
        let block = self.block(&request)?;
        let reply = installation::Reply { block, signature: UNSIGNED }.sign(&self.keys)?;
        psd.install(&reply, now)?;
        let request = psd.refill_request(dollars(1_000_000), now, [2; 16])?;
        let reply = refill::Reply {
            serial: request.serial,
            sequence: request.sequence,
            amount: request.amount,
            control_sum_after: request.control_sum.checked_add(request.amount)?,
            next_inspection: reply.block.next_inspection,
            prepaid_left: dollars(0),
            credit_left: dollars(0),
            tax: dollars(0),
            nonce: request.nonce,
            signature: UNSIGNED,
        };
        psd.apply_refill(&reply.sign(&self.keys)?, now)?;
        Ok(())
    }

    fn block(&self, request: &installation::Request) -> Result<OperationalBlock> {
        let today = jiff::tz::Offset::UTC.to_datetime(request.time).date();
        Ok(OperationalBlock {
            serial: request.serial,
            version: 1,
            account: AccountNumber::new(10_000_001)?,
            indicia_number: IndiciaNumber::new(42)?,
            postal_code: "K1A 0B1".parse()?,
            currency: Currency::Cad,
            minimum_refill: dollars(10),
            maximum_refill: dollars(1_000_000),
            maximum_descending: dollars(1_000_000),
            maximum_postage: dollars(999),
            high_value_warning: dollars(500),
            inspection: InspectionPolicy { interval_days: 28, warn_days: 7, grace_days: 7 },
            next_inspection: today + 28.days(),
            funds_key: self.keys.public_key(KeyRole::Funds)?,
            rates_key: self.keys.public_key(KeyRole::Rates)?,
            indicium_certificate: request.indicium_key.key_id(),
            issued: request.time,
            nonce: request.nonce,
        })
    }
}

pub(crate) fn serial() -> Result<MeterSerial> {
    Ok(MeterSerial::new(42)?)
}

pub(crate) const fn dollars(dollars: i64) -> Amount {
    Amount::from_mills(dollars * 1000, Currency::Cad)
}

/// The postage of a piece at its price, dated today, with all that is remembered of a piece.
pub(crate) fn postage(piece: &Piece, quote: &Quote, now: Timestamp) -> Result<Postage> {
    let memo = Memo::new(MemoFields {
        job: None,
        destination: Some(piece.destination),
        weight: Some(piece.weight),
        service: piece.service.to_string(),
        account: "Legal Services".to_owned(),
        reference: "File 26-0440 (Tremblay c. Roy)".to_owned(),
        table: quote.table.clone(),
    })?;
    Ok(Postage {
        kind: MarkKind::Postage,
        amount: quote.amount,
        date: jiff::tz::Offset::UTC.to_datetime(now).date(),
        product: quote.product,
        confirmed: false,
        memo,
    })
}

/// What is to be paid today for [`letter`].
pub(crate) fn letter_postage(now: Timestamp) -> Result<Postage> {
    let letter = letter()?;
    let quote = RateBook::shipped(country("CA")?).price(&letter, now.in_tz("UTC")?.date())?;
    postage(&letter, &quote, now)
}

pub(crate) fn country(code: &str) -> Result<Country> {
    code.parse().map_err(Error::msg)
}

/// A standard letter of thirty grams to Canada.
pub(crate) fn letter() -> Result<Piece> {
    Ok(Piece {
        service: "lettermail".parse()?,
        destination: country("CA")?,
        weight: "30g".parse()?,
        dimensions: None,
        registered: false,
    })
}
