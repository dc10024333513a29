//! Real sockets on loopback at both ends: a small internet of a resolver, services and a probe server, each of which can be
//! told to misbehave. Every code of the closed list that needs no namespace is brought about here; the laboratory does the
//! rest with real firewalls and proxies.

mod authority;
mod dns;
mod dns_server;
mod http;
mod origin;
mod proxies;
mod proxy_server;
mod tls;
mod town;
mod whole;
