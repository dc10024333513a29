//! The fields of a catalogue file as they are written, before anything is known of their meaning.

use serde::{Deserialize, Serialize};

use crate::{Catalogue, Endpoint, Scheme, Text};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawCatalogue {
    /// The form of the file; JSON only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) schema: Option<String>,
    pub(crate) id: String,
    pub(crate) version: u32,
    pub(crate) effective_from: String,
    pub(crate) title: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) regions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) domain: Option<String>,
    #[serde(default)]
    pub(crate) blocks: Vec<[String; 2]>,
    /// The blocks as CIDR: follows from `blocks`, for programs that only read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) networks: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) let_out: Vec<u16>,
    #[serde(rename(serialize = "endpoints"), alias = "endpoints")]
    pub(crate) endpoint: Vec<RawEndpoint>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawEndpoint {
    pub(crate) id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exchange: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) plain: Option<String>,
    pub(crate) section: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    pub(crate) purpose: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lost_if_blocked: Option<Text>,
    pub(crate) group: String,
    pub(crate) default: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effective_from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retire_after: Option<String>,
    #[serde(default)]
    pub(crate) printed: RawPrinted,
    pub(crate) uses: Vec<String>,
    /// Host and port of each use, once each: follows from `uses`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reach: Option<Vec<Reach>>,
    /// The printed addresses without superfluous zeros: follows from `printed.addresses`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) addresses: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawPrinted {
    pub(crate) urls: Vec<String>,
    pub(crate) domains: Vec<String>,
    pub(crate) addresses: Vec<String>,
    pub(crate) ports: Vec<String>,
}

/// What a rule of a firewall needs to know of one use.
#[derive(Serialize, Deserialize, Clone, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reach {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) transports: Vec<String>,
}

impl Reach {
    pub(crate) fn of(endpoint: &Endpoint) -> Vec<Reach> {
        let mut all = Vec::new();
        for target in &endpoint.uses {
            let transports: &[&str] =
                if target.scheme == Scheme::Dns { &["udp", "tcp"] } else { &["tcp"] };
            let reach = Reach {
                host: target.host.to_string(),
                port: target.port,
                transports: transports.iter().map(|name| (*name).to_owned()).collect(),
            };
            if !all.contains(&reach) {
                all.push(reach);
            }
        }
        all
    }
}

pub(crate) fn networks(catalogue: &Catalogue) -> Vec<String> {
    let networks = catalogue.blocks().iter().flat_map(|block| block.networks());
    networks.map(|network| network.to_string()).collect()
}

pub(crate) fn addresses(endpoint: &Endpoint) -> Vec<String> {
    endpoint.addresses().map(|address| address.to_string()).collect()
}

impl RawCatalogue {
    /// The catalogue as its JSON form writes it.
    pub(crate) fn of(catalogue: &Catalogue) -> RawCatalogue {
        RawCatalogue {
            schema: Some(super::SCHEMA.to_owned()),
            id: catalogue.id.clone(),
            version: catalogue.version.into(),
            effective_from: catalogue.effective_from.to_string(),
            title: catalogue.title.clone(),
            source: catalogue.source.clone(),
            regions: catalogue.regions.clone(),
            domain: catalogue.domain.clone(),
            blocks: catalogue
                .blocks
                .iter()
                .map(|block| [block.printed.0.clone(), block.printed.1.clone()])
                .collect(),
            networks: Some(networks(catalogue)),
            let_out: catalogue.let_out.clone(),
            endpoint: catalogue.endpoints.iter().map(RawEndpoint::of).collect(),
        }
    }
}

impl RawEndpoint {
    pub(crate) fn of(endpoint: &Endpoint) -> RawEndpoint {
        let printed = &endpoint.printed;
        RawEndpoint {
            id: endpoint.id.to_string(),
            exchange: endpoint.exchange.clone(),
            plain: endpoint.plain.clone(),
            section: endpoint.section.clone(),
            label: endpoint.label.clone(),
            purpose: endpoint.purpose.clone(),
            lost_if_blocked: endpoint.lost_if_blocked.clone(),
            group: endpoint.group.to_string(),
            default: endpoint.default.as_str().to_owned(),
            effective_from: endpoint.effective_from.map(|date| date.to_string()),
            retire_after: endpoint.retire_after.map(|date| date.to_string()),
            printed: RawPrinted {
                urls: printed.urls.clone(),
                domains: printed.domains.clone(),
                addresses: printed.addresses.clone(),
                ports: printed.ports.clone(),
            },
            uses: endpoint.uses.iter().map(ToString::to_string).collect(),
            reach: Some(Reach::of(endpoint)),
            addresses: Some(addresses(endpoint)),
        }
    }
}
