//! How values become elements: what one element can hold ([`Content`]), how often it stands in another ([`Member`]), and
//! the macro that lists the elements of a record.
//!
//! The list drives writing, reading, the signed text and the schema, so that the four always agree.

use timbre_postage::{Amount, AmountError, Currency, Registers};

use crate::canonical::Canonical;
use crate::error::ReadError;
use crate::parse::{Children, Element};
use crate::scalar::{Scalar, trim};
use crate::schema::{Cardinality, Field, Shape};
use crate::writer::Writer;

/// What one element can hold.
pub trait Content: Sized {
    /// The element's name where the context gives it none: in a list, and as the root of a message.
    const ITEM: &'static str;

    /// Its description for the schema.
    fn shape() -> Shape;

    /// Writes the element `name`.
    #[doc(hidden)]
    fn write(&self, name: &str, out: &mut Writer);

    /// Reads it from `element`, whatever that is called.
    #[doc(hidden)]
    fn read(element: Element<'_>) -> Result<Self, ReadError>;

    /// Writes its signed text under `name`.
    #[doc(hidden)]
    fn canonical(&self, name: &str, out: &mut Canonical);
}

impl<T: Scalar> Content for T {
    const ITEM: &'static str = "item";

    fn shape() -> Shape {
        Shape::Text(T::TYPE)
    }

    fn write(&self, name: &str, out: &mut Writer) {
        out.text(name, None, &self.to_text());
    }

    fn read(element: Element<'_>) -> Result<Self, ReadError> {
        let text = element.text()?;
        T::from_text(text).map_err(|reason| element.bad_value(text, &reason))
    }

    fn canonical(&self, name: &str, out: &mut Canonical) {
        out.value(name, &self.to_text());
    }
}

/// `<amount currency="CAD">1.44</amount>`; its signed text is `amount=1.44 CAD`.
impl Content for Amount {
    const ITEM: &'static str = "item";

    fn shape() -> Shape {
        Shape::Money
    }

    fn write(&self, name: &str, out: &mut Writer) {
        out.text(name, Some(("currency", self.currency().code())), &self.decimal());
    }

    fn read(element: Element<'_>) -> Result<Self, ReadError> {
        let code = element.attribute("currency")?;
        let bad = |text: &str, error: AmountError| element.bad_value(text, &error.to_string());
        let currency: Currency = code.parse().map_err(|error| bad(code, error))?;
        let text = trim(element.text()?);
        let amount = Amount::parse(text, currency).map_err(|error| bad(text, error))?;
        // One amount has one spelling, so that nobody can read another one out of it.
        if amount.decimal() != text {
            let reason = format!("write it as {}", amount.decimal());
            return Err(element.bad_value(text, &reason));
        }
        Ok(amount)
    }

    fn canonical(&self, name: &str, out: &mut Canonical) {
        out.value(name, &self.to_string());
    }
}

/// How often an element stands in its parent: once, at most once, or as a list of its own.
pub(crate) trait Member: Sized {
    /// How often.
    const CARDINALITY: Cardinality;

    /// The description of the value or of one item of the list.
    fn shape() -> Shape;

    /// The name of one item of the list.
    fn item() -> &'static str;

    #[doc(hidden)]
    fn write(&self, name: &'static str, out: &mut Writer);

    #[doc(hidden)]
    fn read(parent: &Children<'_>, name: &'static str) -> Result<Self, ReadError>;

    #[doc(hidden)]
    fn canonical(&self, name: &'static str, out: &mut Canonical);
}

impl<T: Content> Member for T {
    const CARDINALITY: Cardinality = Cardinality::One;

    fn shape() -> Shape {
        <T as Content>::shape()
    }

    fn item() -> &'static str {
        T::ITEM
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        Content::write(self, name, out);
    }

    fn read(parent: &Children<'_>, name: &'static str) -> Result<Self, ReadError> {
        <T as Content>::read(parent.one(name)?)
    }

    fn canonical(&self, name: &'static str, out: &mut Canonical) {
        Content::canonical(self, name, out);
    }
}

impl<T: Content> Member for Option<T> {
    const CARDINALITY: Cardinality = Cardinality::Optional;

    fn shape() -> Shape {
        T::shape()
    }

    fn item() -> &'static str {
        T::ITEM
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        if let Some(value) = self {
            value.write(name, out);
        }
    }

    fn read(parent: &Children<'_>, name: &'static str) -> Result<Self, ReadError> {
        parent.optional(name)?.map(T::read).transpose()
    }

    fn canonical(&self, name: &'static str, out: &mut Canonical) {
        if let Some(value) = self {
            value.canonical(name, out);
        }
    }
}

impl<T: Content> Member for Vec<T> {
    const CARDINALITY: Cardinality = Cardinality::List;

    fn shape() -> Shape {
        T::shape()
    }

    fn item() -> &'static str {
        T::ITEM
    }

    fn write(&self, name: &'static str, out: &mut Writer) {
        out.open(name);
        for value in self {
            value.write(T::ITEM, out);
        }
        out.close(name);
    }

    fn read(parent: &Children<'_>, name: &'static str) -> Result<Self, ReadError> {
        parent.one(name)?.children()?.all(T::ITEM).map(T::read).collect()
    }

    fn canonical(&self, name: &'static str, out: &mut Canonical) {
        out.value(name, &self.len().to_string());
        for (index, value) in self.iter().enumerate() {
            value.canonical(&format!("{name}.{index}"), out);
        }
    }
}

/// The elements of a struct, in order: `record!(Type as "element" { field, … })`. Element names are the fields' in kebab
/// case. A field that is left out does not compile.
macro_rules! record {
    ($type:ty as $element:literal { $($field:ident),+ $(,)? }) => {
        impl $crate::content::Content for $type {
            const ITEM: &'static str = $element;

            fn shape() -> $crate::schema::Shape {
                $crate::schema::Shape::Record($crate::schema::Record {
                    name: $element,
                    fields: vec![$(
                        $crate::content::describe(
                            $crate::content::kebab!($field), |it: &Self| &it.$field,
                        )
                    ),+],
                })
            }

            fn write(&self, name: &str, out: &mut $crate::writer::Writer) {
                let Self { $($field),+ } = self;
                out.open(name);
                $($crate::content::Member::write($field, $crate::content::kebab!($field), out);)+
                out.close(name);
            }

            fn read(element: $crate::parse::Element<'_>) -> Result<Self, $crate::ReadError> {
                let children = element.children()?;
                Ok(Self {
                    $($field: $crate::content::Member::read(
                        &children, $crate::content::kebab!($field),
                    )?),+
                })
            }

            fn canonical(&self, name: &str, out: &mut $crate::canonical::Canonical) {
                let Self { $($field),+ } = self;
                out.nested(name, |out| {
                    $($crate::content::Member::canonical(
                        $field, $crate::content::kebab!($field), out,
                    );)+
                });
            }
        }
    };
}
pub(crate) use record;

record!(Registers as "registers" { ascending, descending, pieces });

/// The field that `_getter` reads; the getter only says what its type is.
pub(crate) fn describe<T, M: Member>(name: &'static str, _getter: fn(&T) -> &M) -> Field {
    Field { name, cardinality: M::CARDINALITY, item: M::item(), shape: M::shape() }
}

/// A field's name in kebab case, at compile time.
macro_rules! kebab {
    ($field:ident) => {{
        const SNAKE: &str = stringify!($field);
        const KEBAB: [u8; SNAKE.len()] = $crate::content::to_kebab(SNAKE);
        const NAME: &str = match std::str::from_utf8(&KEBAB) {
            Ok(name) => name,
            Err(_) => panic!("an identifier stays UTF-8"),
        };
        NAME
    }};
}
pub(crate) use kebab;

pub(crate) const fn to_kebab<const N: usize>(snake: &str) -> [u8; N] {
    let mut kebab = [0; N];
    let mut at = 0;
    while at < N {
        let byte = snake.as_bytes()[at];
        kebab[at] = if byte == b'_' { b'-' } else { byte };
        at += 1;
    }
    kebab
}
