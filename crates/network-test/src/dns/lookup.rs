//! The addresses of a name, as a program on this machine would get them, and why there are none.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use futures_util::future::join;
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::{RData, RecordType};

use super::{Dns, NoReply, Reply, Transport};
use crate::Code;

/// The addresses of a name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    /// IPv4 first, in the order of the answer.
    pub(crate) addresses: Vec<IpAddr>,
    /// Who said so.
    pub(crate) by: String,
}

/// Why a name has none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NotFound {
    pub(crate) code: Code,
    /// What each server said.
    pub(crate) said: String,
}

impl Dns {
    /// Every address of a name.
    pub(crate) async fn lookup(&self, name: &str) -> Result<Found, NotFound> {
        if let Some(addresses) = self.known(name) {
            return Ok(Found { addresses, by: "this machine".to_owned() });
        }
        let mut worst = NotFound { code: Code::NoResolver, said: String::new() };
        for &server in &self.servers {
            let (v4, v6) = join(
                self.addresses(server, name, RecordType::A),
                self.addresses(server, name, RecordType::AAAA),
            )
            .await;
            let failed = match (v4, v6) {
                (Ok(v4), v6) if !v4.is_empty() => {
                    let addresses = v4.into_iter().chain(v6.unwrap_or_default()).collect();
                    return Ok(Found { addresses, by: server.to_string() });
                }
                (_, Ok(v6)) if !v6.is_empty() => {
                    return Ok(Found { addresses: v6, by: server.to_string() });
                }
                (Ok(_), _) => NotFound {
                    code: Code::NameWithoutAddress,
                    said: format!("{server}: no address"),
                },
                (Err(error), _) => {
                    NotFound { code: error.code, said: format!("{server}: {}", error.said) }
                }
            };
            let is_final = matches!(failed.code, Code::NameNotFound | Code::NameWithoutAddress);
            let said = match worst.said.as_str() {
                "" => failed.said,
                before => format!("{before}; {}", failed.said),
            };
            worst = NotFound { code: failed.code, said };
            // What a server says does not exist, the system does not ask the next one about.
            if is_final {
                break;
            }
        }
        Err(worst)
    }

    fn known(&self, name: &str) -> Option<Vec<IpAddr>> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if let Some(addresses) = self.hosts.get(&name) {
            return Some(addresses.clone());
        }
        // RFC 6761, section 6.3: such names always mean the machine itself.
        let is_local = name == "localhost" || name.ends_with(".localhost");
        is_local.then(|| vec![IpAddr::V4(Ipv4Addr::LOCALHOST)])
    }

    async fn addresses(
        &self,
        server: SocketAddr,
        name: &str,
        kind: RecordType,
    ) -> Result<Vec<IpAddr>, NotFound> {
        let reply = self
            .with_retry(server, name, kind)
            .await
            .map_err(|error| NotFound { code: Code::ResolverSilent, said: error.to_string() })?;
        let code = match reply.message.metadata.response_code {
            ResponseCode::NoError => return Ok(addresses_in(&reply)),
            ResponseCode::NXDomain => Code::NameNotFound,
            ResponseCode::Refused => Code::ResolverRefused,
            _ => Code::ResolverFailed,
        };
        Err(NotFound { code, said: reply.message.metadata.response_code.to_string() })
    }

    /// By UDP, and by TCP where the answer is truncated or does not come (REQ NET-3).
    pub(super) async fn with_retry(
        &self,
        server: SocketAddr,
        name: &str,
        kind: RecordType,
    ) -> Result<Reply, NoReply> {
        match self.ask(server, name, kind, Transport::Udp(Some(1232))).await {
            Ok(reply) if !reply.message.metadata.truncation => Ok(reply),
            _ => self.ask(server, name, kind, Transport::Tcp).await,
        }
    }
}

pub(super) fn addresses_in(reply: &Reply) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for record in &reply.message.answers {
        let address = match &record.data {
            RData::A(a) => IpAddr::V4(a.0),
            RData::AAAA(aaaa) => IpAddr::V6(aaaa.0),
            _ => continue,
        };
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    addresses
}
