//! How the catalogue’s own words are written in a report.

pub(crate) mod text {
    use std::borrow::Cow;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};
    use timbre_catalogue::Text;

    #[derive(Serialize, Deserialize)]
    struct Both<'a> {
        fr: Cow<'a, str>,
        en: Cow<'a, str>,
    }

    pub(crate) fn serialize<S: Serializer>(text: &Text, to: S) -> Result<S::Ok, S::Error> {
        Both { fr: Cow::Borrowed(&text.fr), en: Cow::Borrowed(&text.en) }.serialize(to)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Text, D::Error> {
        let both = Both::deserialize(from)?;
        Ok(Text::new(both.fr.into_owned(), both.en.into_owned()))
    }
}

pub(crate) mod group {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use timbre_catalogue::Group;

    pub(crate) fn serialize<S: Serializer>(group: &Group, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(group.as_str())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Group, D::Error> {
        let name = String::deserialize(from)?;
        let found = Group::ALL.into_iter().find(|group| group.as_str() == name);
        found.ok_or_else(|| D::Error::custom(format!("“{name}” is not a group of endpoints")))
    }
}

pub(crate) mod ids {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};
    use timbre_catalogue::EndpointId;

    pub(crate) fn serialize<S: Serializer>(ids: &[EndpointId], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(ids.iter().map(EndpointId::as_str))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<EndpointId>, D::Error> {
        let names = Vec::<String>::deserialize(from)?;
        names.iter().map(|name| name.parse().map_err(D::Error::custom)).collect()
    }
}
