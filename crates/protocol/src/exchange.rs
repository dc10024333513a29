//! An exchange: one request, one reply, one endpoint. The meter calls it, the infrastructure serves it, and both take
//! everything about it from here.

use timbre_catalogue::EndpointId;

use crate::content::Content;
use crate::error::ReadError;
use crate::message::{Message, write};
use crate::parse::{Element, parse};
use crate::refusal::Refusal;
use crate::schema::Shape;
use crate::{
    Inspection, Installation, RateDownload, Refill, Replacement, SignIn, StartupRefresh,
    TransactionUpload, Withdrawal,
};

/// One thing a meter asks of the infrastructure.
pub trait Exchange {
    /// What the meter sends.
    type Request: Message;
    /// What it gets, unless it is refused.
    type Reply: Message;
    /// Its name, in kebab case: also that of its golden files.
    const NAME: &'static str;
    /// Where it is served, as a row of the catalogue.
    const ENDPOINT: EndpointId;
}

/// What an exchange answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer<R> {
    /// What was asked for.
    Reply(R),
    /// Why not.
    Refused(Refusal),
}

/// The XML of an answer.
#[must_use]
pub fn write_answer<R: Message>(answer: &Answer<R>) -> String {
    match answer {
        Answer::Reply(reply) => write(reply),
        Answer::Refused(refusal) => write(refusal),
    }
}

/// Reads the answer to an exchange: its reply, or a refusal.
///
/// # Errors
/// [`ReadError`] for anything else.
pub fn read_answer<R: Message>(xml: &[u8]) -> Result<Answer<R>, ReadError> {
    let document = parse(xml, R::ELEMENT, R::LIMITS)?;
    let (root, name) = Element::root(&document, &[R::ELEMENT, Refusal::ELEMENT])?;
    if name == Refusal::ELEMENT {
        <Refusal as Content>::read(root).map(Answer::Refused)
    } else {
        <R as Content>::read(root).map(Answer::Reply)
    }
}

/// An exchange as a value, for whoever walks all of them.
#[derive(Clone, Debug)]
pub struct ExchangeInfo {
    /// [`Exchange::NAME`].
    pub name: &'static str,
    /// [`Exchange::ENDPOINT`].
    pub endpoint: EndpointId,
    /// The root element of the request.
    pub request: &'static str,
    /// The root element of the reply.
    pub reply: &'static str,
    /// The description of the request.
    pub request_shape: fn() -> Shape,
    /// The description of the reply.
    pub reply_shape: fn() -> Shape,
}

/// Every exchange, in the order in which a new meter goes through them.
pub const EXCHANGES: [ExchangeInfo; 9] = [
    info::<SignIn>(),
    info::<StartupRefresh>(),
    info::<Installation>(),
    info::<Replacement>(),
    info::<Refill>(),
    info::<RateDownload>(),
    info::<Inspection>(),
    info::<TransactionUpload>(),
    info::<Withdrawal>(),
];

const fn info<E: Exchange>() -> ExchangeInfo {
    ExchangeInfo {
        name: E::NAME,
        endpoint: E::ENDPOINT,
        request: E::Request::ELEMENT,
        reply: E::Reply::ELEMENT,
        request_shape: <E::Request as Content>::shape,
        reply_shape: <E::Reply as Content>::shape,
    }
}
