//! Negotiate: a Kerberos ticket for the proxy from the system's cache, through the system's own GSSAPI.
//! Built only with the feature `kerberos`: it needs a library of the system, and clang to bind it.

use zeroize::Zeroizing;

#[cfg(feature = "kerberos")]
pub(super) use with::Ticket;
#[cfg(not(feature = "kerberos"))]
pub(super) use without::Ticket;

/// Why this build cannot negotiate; `None` when it can.
pub(super) fn unavailable() -> Option<&'static str> {
    if cfg!(feature = "kerberos") {
        None
    } else {
        Some(
            "this program is built without Kerberos: install libkrb5-dev and clang and build it with --features kerberos",
        )
    }
}

#[cfg(feature = "kerberos")]
mod with {
    use libgssapi::context::{ClientCtx, CtxFlags};
    use libgssapi::credential::{Cred, CredUsage};
    use libgssapi::name::Name;
    use libgssapi::oid::{GSS_MECH_SPNEGO, GSS_NT_HOSTBASED_SERVICE, OidSet};

    use super::Zeroizing;
    use crate::authentication::handshake::encoded;

    /// A ticket being shown.
    pub(in crate::authentication) struct Ticket {
        service: String,
        context: Option<ClientCtx>,
        legs: u8,
    }

    impl Ticket {
        /// A ticket for the proxy on `host`.
        pub(in crate::authentication) fn new(host: &str) -> Ticket {
            Ticket { service: format!("HTTP@{host}"), context: None, legs: 0 }
        }

        pub(in crate::authentication) fn legs(&self) -> u8 {
            self.legs
        }

        /// What to show next; `token` is what the proxy answered. The system may ask its key
        /// distribution centre, so it runs where blocking is allowed.
        pub(in crate::authentication) async fn next(
            &mut self,
            token: Option<Vec<u8>>,
        ) -> Result<Option<Zeroizing<String>>, String> {
            let context = self.context.take();
            let service = self.service.clone();
            let work = tokio::task::spawn_blocking(move || {
                let mut context = match context {
                    Some(context) => context,
                    None => begin(&service).map_err(|error| error.to_string())?,
                };
                let next =
                    context.step(token.as_deref(), None).map_err(|error| error.to_string())?;
                let proof = next.map(|bytes| encoded("Negotiate ", &bytes));
                Ok::<_, String>((context, proof))
            });
            let (context, proof) = work.await.map_err(|error| error.to_string())??;
            self.context = Some(context);
            self.legs += 1;
            Ok(proof)
        }
    }

    fn begin(service: &str) -> Result<ClientCtx, libgssapi::error::Error> {
        let mut mechanisms = OidSet::new();
        mechanisms.add(GSS_MECH_SPNEGO)?;
        let name = Name::new(service.as_bytes(), Some(GSS_NT_HOSTBASED_SERVICE))?;
        let credential = Cred::acquire(None, None, CredUsage::Initiate, Some(&mechanisms))?;
        // The proxy proves itself too where it can; nothing is delegated to it.
        let flags = CtxFlags::GSS_C_MUTUAL_FLAG;
        Ok(ClientCtx::new(Some(credential), name, flags, Some(GSS_MECH_SPNEGO)))
    }
}

#[cfg(not(feature = "kerberos"))]
mod without {
    use super::Zeroizing;

    /// No ticket: this build can show none.
    pub(in crate::authentication) struct Ticket;

    impl Ticket {
        pub(in crate::authentication) fn new(_host: &str) -> Ticket {
            Ticket
        }

        pub(in crate::authentication) fn legs(&self) -> u8 {
            0
        }

        #[expect(clippy::unused_async, reason = "as the one that asks the system")]
        pub(in crate::authentication) async fn next(
            &mut self,
            _token: Option<Vec<u8>>,
        ) -> Result<Option<Zeroizing<String>>, String> {
            Err(super::unavailable().unwrap_or_default().to_owned())
        }
    }
}
