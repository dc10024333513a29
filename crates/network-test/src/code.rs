//! The closed list of what can be wrong with a network, each thing declared once: its name in reports, the layer it
//! belongs to, what it is called and what to do about it, in French and in English.
//!
//! A name is part of the report's schema: it may be added, never renamed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use timbre_catalogue::Text;

use crate::Layer;

/// One row of the table.
struct Row {
    name: &'static str,
    layer: Layer,
    title: Text,
    remedy: Text,
}

macro_rules! codes {
    ($($code:ident $layer:ident $name:literal
        $title_fr:literal $title_en:literal
        $remedy_fr:literal $remedy_en:literal)*) => {
        /// What is wrong, as a name that a machine can compare.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum Code {
            $(#[doc = $title_en] #[serde(rename = $name)] $code,)*
        }

        impl Code {
            /// Every code, from the lowest layer to the highest.
            pub const ALL: &'static [Code] = &[$(Code::$code),*];

            fn row(self) -> Row {
                match self {
                    $(Code::$code => Row {
                        name: $name,
                        layer: Layer::$layer,
                        title: Text::fixed($title_fr, $title_en),
                        remedy: Text::fixed($remedy_fr, $remedy_en),
                    },)*
                }
            }
        }
    };
}

// Order: layer by layer, and in a layer from total failure to remark.
codes! {
    NotTestedLowerLayer Tool "lower-layer-failed"
        "Non vérifié : une couche inférieure est en panne" "Not tested: a lower layer failed"
        "Réparez d’abord la vérification à laquelle celle-ci renvoie, puis relancez le test." "Repair the check that this one refers to, then run the test again."
    NotConfigured Tool "not-configured"
        "Non vérifié : rien n’est configuré pour cette vérification" "Not tested: nothing is configured for this check"
        "Donnez la cible de cette vérification, ou laissez-la de côté." "Give this check a target, or leave it out."
    NotApplicable Tool "not-applicable"
        "Non vérifié : sans objet ici" "Not tested: does not apply here"
        "Rien à faire." "Nothing to do."
    CouldNotTest Tool "could-not-test"
        "L’outil n’a pas pu faire cette vérification" "The tool could not make this check"
        "Relancez le test; si le message revient, envoyez le rapport au soutien." "Run the test again; if the message returns, send the report to support."

    NoResolver Names "no-resolver"
        "Aucun serveur DNS n’est configuré sur cette machine" "No DNS server is configured on this machine"
        "Donnez un serveur DNS à la machine, par DHCP ou dans ses réglages de réseau." "Give the machine a DNS server, by DHCP or in its network settings."
    ResolverSilent Names "resolver-silent"
        "Le serveur DNS ne répond pas" "The DNS server does not answer"
        "Ouvrez le port 53 (UDP et TCP) de la machine vers son serveur DNS, et vérifiez que ce serveur fonctionne." "Open port 53 (UDP and TCP) from the machine to its DNS server, and check that the server runs."
    ResolverRefused Names "resolver-refused"
        "Le serveur DNS refuse de répondre à cette machine" "The DNS server refuses to answer this machine"
        "Autorisez l’adresse de la machine dans la liste d’accès du serveur DNS, ou levez la politique qui refuse ce nom." "Allow the machine’s address in the DNS server’s access list, or lift the policy that refuses this name."
    ResolverFailed Names "resolver-failed"
        "Le serveur DNS ne parvient pas à trouver ce nom" "The DNS server fails to look this name up"
        "Vérifiez que le serveur DNS atteint ses serveurs amont, et que DNSSEC n’y échoue pas." "Check that the DNS server reaches its upstream servers, and that DNSSEC does not fail there."
    NameNotFound Names "name-not-found"
        "Ce nom n’existe pas pour le serveur DNS" "The DNS server says that this name does not exist"
        "Laissez le serveur DNS transmettre ce nom à Internet : ni zone interne du même nom, ni filtre." "Let the DNS server forward this name to the Internet: no internal zone of that name, no filter."
    NameWithoutAddress Names "name-without-address"
        "Ce nom existe, mais sans aucune adresse" "This name exists, but without any address"
        "Cherchez une zone interne du même nom ou un filtre du serveur DNS qui retire les adresses." "Look for an internal zone of the same name, or a filter of the DNS server that removes addresses."
    NameSinkholed Names "name-sinkholed"
        "Le serveur DNS donne une fausse adresse pour ce nom" "The DNS server gives a false address for this name"
        "Retirez ce nom de la liste de blocage du filtre DNS." "Take this name off the DNS filter’s block list."
    DnsUdpBlocked Names "dns-udp-blocked"
        "DNS par UDP est bloqué" "DNS over UDP is blocked"
        "Ouvrez le port 53 UDP de la machine vers son serveur DNS." "Open port 53 UDP from the machine to its DNS server."
    DnsTcpBlocked Names "dns-tcp-blocked"
        "DNS par TCP est bloqué : les réponses longues se perdent" "DNS over TCP is blocked: long answers are lost"
        "Ouvrez le port 53 TCP, et pas seulement UDP, de la machine vers son serveur DNS." "Open port 53 TCP, not only UDP, from the machine to its DNS server."
    DnsLargeUdpBlocked Names "dns-large-udp-blocked"
        "Les réponses DNS de plus de 512 octets se perdent" "DNS answers over 512 bytes are lost"
        "Levez la limite de 512 octets de l’inspection DNS du pare-feu (EDNS, 1232 octets ou plus)." "Lift the 512-byte limit of the firewall’s DNS inspection (EDNS, 1232 bytes or more)."
    DnsLongAnswerLost Names "dns-long-answer-lost"
        "Les réponses DNS longues n’arrivent pas, même par TCP" "Long DNS answers do not arrive, even over TCP"
        "Vérifiez que le serveur DNS et le pare-feu laissent passer les réponses tronquées et leur reprise par TCP." "Check that the DNS server and the firewall let truncated answers and their retry over TCP through."
    DnsRedirected Names "dns-redirected"
        "Un équipement répond à la place des serveurs DNS" "Something answers in place of DNS servers"
        "Retirez la redirection du port 53 pour cette machine, ou assurez-vous que le serveur qui répond connaît tous les noms de la liste." "Remove the redirection of port 53 for this machine, or make sure that the server that answers knows every name on the list."
    DnsWildcard Names "dns-wildcard"
        "Le serveur DNS invente des adresses pour les noms qui n’existent pas" "The DNS server invents addresses for names that do not exist"
        "Coupez la réécriture des réponses NXDOMAIN (page de recherche ou d’erreur) du serveur DNS." "Turn off the DNS server’s rewriting of NXDOMAIN answers (search or error page)."
    DnsCaseChanged Names "dns-case-changed"
        "Le serveur DNS ne rend pas la question telle quelle" "The DNS server does not echo the question as asked"
        "Rien à faire pour le moment : signe d’un relais DNS sur le chemin." "Nothing to do for now: the sign of a DNS relay on the path."
    AddressOutsideBlocks Names "address-outside-blocks"
        "Une adresse n’est pas dans les blocs publiés" "An address is not in the published blocks"
        "Si le pare-feu est réglé par blocs d’adresses, écrivez la règle par nom d’hôte ou ajoutez cette adresse." "If the firewall is set by address blocks, write the rule by host name or add this address."
    Ipv6WithoutPath Names "ipv6-without-path"
        "Le nom a une adresse IPv6, mais IPv6 ne mène nulle part" "The name has an IPv6 address, but IPv6 leads nowhere"
        "Acheminez IPv6 jusqu’à Internet, ou retirez IPv6 de la machine." "Route IPv6 to the Internet, or take IPv6 off the machine."

    ConnectionDropped Transport "connection-dropped"
        "La connexion est ignorée en silence" "The connection is dropped in silence"
        "Ajoutez une règle de pare-feu qui laisse sortir la machine vers cet hôte et ce port." "Add a firewall rule that lets the machine out to this host and port."
    ConnectionRefused Transport "connection-refused"
        "La connexion est refusée" "The connection is refused"
        "Cherchez une règle de rejet (reset) pour cet hôte et ce port; s’il n’y en a pas, le service lui-même est arrêté." "Look for a reject (reset) rule for this host and port; if there is none, the service itself is down."
    ConnectionProhibited Transport "connection-prohibited"
        "Un pare-feu ou un routeur déclare l’hôte inaccessible" "A firewall or router declares the host unreachable"
        "Ajoutez une règle qui laisse sortir la machine vers cet hôte et ce port; sinon vérifiez la route." "Add a rule that lets the machine out to this host and port; otherwise check the route."
    NoRoute Transport "no-route"
        "Aucune route ne mène à cette adresse" "No route leads to this address"
        "Vérifiez la passerelle par défaut de la machine et la table de routage du pare-feu." "Check the machine’s default gateway and the firewall’s routing table."
    BlockedHere Transport "blocked-on-this-machine"
        "La machine elle-même interdit la connexion" "The machine itself forbids the connection"
        "Le pare-feu, l’antivirus ou le confinement de cette machine bloque : autorisez l’hôte et le port sur la machine." "This machine’s own firewall, antivirus or lockdown blocks it: allow the host and port on the machine."
    SomeAddressesBlocked Transport "some-addresses-blocked"
        "Une partie des adresses de cet hôte est bloquée" "Some of this host’s addresses are blocked"
        "Autorisez toutes les adresses du nom, ou écrivez la règle par nom d’hôte." "Allow every address of the name, or write the rule by host name."
    TransparentProxy Transport "transparent-proxy"
        "Un équipement accepte les connexions à la place des serveurs" "Something accepts connections in place of the servers"
        "Retirez l’interception transparente pour cette machine, ou exemptez les hôtes de la liste." "Remove transparent interception for this machine, or exempt the hosts on the list."

    TlsInspected Tls "tls-inspected"
        "Les connexions TLS sont inspectées" "TLS connections are inspected"
        "Exemptez ces hôtes de l’inspection TLS (contournement par nom d’hôte, SNI)." "Exempt these hosts from TLS inspection (bypass by host name, SNI)."
    TlsUnknownIssuer Tls "tls-unknown-issuer"
        "Le certificat vient d’une autorité inconnue" "The certificate comes from an unknown authority"
        "Si un équipement inspecte TLS, exemptez cet hôte; sinon donnez au test la racine du fournisseur." "If something inspects TLS, exempt this host; otherwise give the test the provider’s root."
    TlsWrongName Tls "tls-wrong-name"
        "Le certificat est celui d’un autre hôte" "The certificate is another host’s"
        "Une page de blocage ou un mauvais serveur répond : vérifiez l’adresse que donne le DNS et exemptez l’hôte du filtre web." "A block page or the wrong server answers: check the address that DNS gives and exempt the host from web filtering."
    TlsExpired Tls "tls-expired"
        "Le certificat est expiré" "The certificate has expired"
        "Vérifiez l’horloge de la machine; si elle est juste, avertissez l’exploitant de l’hôte." "Check the machine’s clock; if it is right, tell the host’s operator."
    TlsNotYetValid Tls "tls-not-yet-valid"
        "Le certificat n’est pas encore valide" "The certificate is not valid yet"
        "Mettez à l’heure l’horloge de la machine." "Set the machine’s clock."
    TlsBadCertificate Tls "tls-bad-certificate"
        "Le certificat n’est pas acceptable" "The certificate is not acceptable"
        "Lisez les faits : un équipement a peut-être refait ce certificat; exemptez l’hôte de l’inspection." "Read the evidence: something may have remade this certificate; exempt the host from inspection."
    TlsResetAfterHello Tls "tls-reset-after-client-hello"
        "La connexion est coupée dès que le nom d’hôte est vu" "The connection is cut as soon as the host name is seen"
        "Un filtre lit le nom (SNI) et coupe : autorisez ce nom d’hôte dans le filtre web ou applicatif." "A filter reads the name (SNI) and cuts: allow this host name in the web or application filter."
    TlsSilentAfterHello Tls "tls-silent-after-client-hello"
        "La connexion se tait dès que le nom d’hôte est vu" "The connection goes silent as soon as the host name is seen"
        "Un filtre lit le nom (SNI) et jette la suite, ou les gros paquets se perdent : autorisez ce nom et vérifiez le MTU." "A filter reads the name (SNI) and drops what follows, or large packets are lost: allow this name and check the MTU."
    TlsNotTls Tls "tls-not-spoken"
        "Ce qui répond ne parle pas TLS" "What answers does not speak TLS"
        "Une page de blocage ou un portail répond en clair sur ce port : exemptez l’hôte." "A block page or portal answers in the clear on this port: exempt the host."
    TlsRefused Tls "tls-refused"
        "La négociation TLS est refusée" "The TLS handshake is refused"
        "Vérifiez que rien sur le chemin ne limite les versions ou les suites TLS (1.2 et 1.3)." "Check that nothing on the path limits TLS versions or suites (1.2 and 1.3)."
    TlsVersionLowered Tls "tls-version-lowered"
        "La version de TLS est abaissée en chemin" "The TLS version is lowered on the way"
        "Exemptez l’hôte de l’inspection TLS, ou laissez passer TLS 1.3." "Exempt the host from TLS inspection, or let TLS 1.3 through."

    CaptivePortal Http "captive-portal"
        "Un portail captif répond à la place d’Internet" "A captive portal answers in place of the Internet"
        "Inscrivez l’adresse matérielle de la machine auprès du portail, ou placez la machine sur un réseau sans portail." "Register the machine’s hardware address with the portal, or move the machine to a network without one."
    HttpNoAnswer Http "http-no-answer"
        "Le serveur accepte la connexion, mais la réponse ne vient pas" "The connection is accepted, but no answer comes"
        "Vérifiez qu’aucun filtre web ne retient la réponse, et qu’aucun mandataire transparent n’est en panne." "Check that no web filter holds the answer back, and that no transparent proxy is down."
    HttpClosed Http "http-closed"
        "La connexion est coupée avant la réponse" "The connection is cut before the answer"
        "Cherchez un filtre web ou applicatif qui coupe les requêtes vers cet hôte." "Look for a web or application filter that cuts requests to this host."
    HttpErrorPage Http "http-error-page"
        "Une page d’erreur d’un mandataire ou d’un filtre répond à la place du service" "The error page of a proxy or filter answers in place of the service"
        "Autorisez cet hôte dans le mandataire ou le filtre web." "Allow this host in the proxy or web filter."
    HttpNotTheService Http "http-not-the-service"
        "La réponse ne vient pas du service" "The answer does not come from the service"
        "Trouvez ce qui répond (lisez les faits) et exemptez l’hôte." "Find out what answers (read the evidence) and exempt the host."
    HttpNotHttp Http "http-not-spoken"
        "Ce qui répond ne parle pas HTTP" "What answers does not speak HTTP"
        "Cherchez ce qui répond sur ce port à la place du service." "Look for what answers on this port in place of the service."
    ServiceFailing Http "service-failing"
        "Le service répond, mais il est en panne" "The service answers, but it is failing"
        "Rien à demander au réseau : réessayez plus tard, puis avertissez l’exploitant du service." "Nothing to ask of the network: try again later, then tell the service’s operator."
    BodyAltered Http "body-altered"
        "Le contenu est modifié en chemin" "Content is altered on the way"
        "Coupez la modification de contenu (compression, publicité, antivirus) pour ces hôtes." "Turn off content rewriting (compression, advertising, antivirus) for these hosts."
    HeadersAltered Http "headers-altered"
        "Les en-têtes HTTP sont modifiés en chemin" "HTTP headers are altered on the way"
        "Un mandataire traite le trafic : exemptez ces hôtes s’il en résulte des erreurs." "A proxy processes the traffic: exempt these hosts if errors result."
    HiddenProxy Http "hidden-proxy"
        "Un mandataire invisible traite le trafic HTTP" "An invisible proxy processes HTTP traffic"
        "Exemptez ces hôtes du mandataire transparent, ou assurez-vous qu’il ne met rien en cache." "Exempt these hosts from the transparent proxy, or make sure that it caches nothing."
    RequestLineTouched Http "request-line-touched"
        "Un équipement interprète les requêtes HTTP" "Something interprets HTTP requests"
        "Signe d’un mandataire ou d’un filtre applicatif sur le port 80 : exemptez ces hôtes s’il en résulte des erreurs." "The sign of a proxy or application filter on port 80: exempt these hosts if errors result."
    HostHeaderRouted Http "host-header-routed"
        "Un mandataire choisit lui-même le serveur d’après l’en-tête Host" "A proxy chooses the server itself from the Host header"
        "Assurez-vous que le mandataire transparent utilise le même serveur DNS que la machine." "Make sure that the transparent proxy uses the same DNS server as the machine."
    ChunkedRefused Http "chunked-body-refused"
        "Les envois par morceaux (chunked) ne passent pas" "Chunked uploads do not get through"
        "Laissez passer « Transfer-Encoding: chunked » dans le mandataire ou le filtre applicatif." "Let “Transfer-Encoding: chunked” through the proxy or application filter."
    UploadBlocked Http "upload-blocked"
        "Les envois de cette taille ne passent pas" "Uploads of this size do not get through"
        "Levez la limite de taille des envois pour ces hôtes." "Lift the upload size limit for these hosts."
    FileTypeBlocked Http "file-type-blocked"
        "Les fichiers de ce type sont bloqués" "Files of this type are blocked"
        "Autorisez ce type de fichier depuis ces hôtes dans le filtre de contenu." "Allow this file type from these hosts in the content filter."
    FileSizeBlocked Http "file-size-blocked"
        "Les fichiers de cette taille sont bloqués" "Files of this size are blocked"
        "Levez la limite de taille des téléchargements pour ces hôtes." "Lift the download size limit for these hosts."
    FileAltered Http "file-altered"
        "Un fichier arrive modifié" "A file arrives altered"
        "Exemptez ces hôtes de l’antivirus de passerelle et de la réécriture de contenu." "Exempt these hosts from gateway antivirus and content rewriting."
    RangeIgnored Http "range-ignored"
        "Les reprises de téléchargement (Range) ne passent pas" "Resumed downloads (Range) do not get through"
        "Laissez passer les requêtes « Range » dans le mandataire ou le filtre." "Let “Range” requests through the proxy or filter."

    ProxyUnreachable Proxy "proxy-unreachable"
        "Le mandataire ne répond pas" "The proxy does not answer"
        "Vérifiez l’adresse et le port du mandataire, et que la machine peut le joindre." "Check the proxy’s address and port, and that the machine may reach it."
    ProxyWantsCredentials Proxy "proxy-wants-credentials"
        "Le mandataire demande un nom et un mot de passe" "The proxy asks for a name and password"
        "Donnez à la machine un compte du mandataire, ou exemptez-la de l’authentification." "Give the machine a proxy account, or exempt it from authentication."
    ProxyCredentialsRefused Proxy "proxy-credentials-refused"
        "Le mandataire refuse le nom ou le mot de passe" "The proxy refuses the name or password"
        "Corrigez le nom et le mot de passe du mandataire dans les réglages de la machine." "Correct the proxy name and password in the machine’s settings."
    ProxySchemeUnsupported Proxy "proxy-scheme-unsupported"
        "Le mandataire n’offre aucune authentification utilisable" "The proxy offers no usable authentication"
        "Offrez Basic, Digest, NTLM ou Negotiate pour cette machine, ou exemptez-la de l’authentification." "Offer Basic, Digest, NTLM or Negotiate to this machine, or exempt it from authentication."
    ProxyRefusedTarget Proxy "proxy-refused-target"
        "Le mandataire refuse cette destination" "The proxy refuses this destination"
        "Autorisez cet hôte et ce port (CONNECT) dans les règles du mandataire." "Allow this host and port (CONNECT) in the proxy’s rules."
    ProxyCannotReach Proxy "proxy-cannot-reach"
        "Le mandataire n’atteint pas cette destination" "The proxy does not reach this destination"
        "Ouvrez le pare-feu pour le mandataire lui-même, et vérifiez son serveur DNS." "Open the firewall for the proxy itself, and check its DNS server."
    ProxyMisbehaves Proxy "proxy-misbehaves"
        "Le mandataire répond d’une façon incompréhensible" "The proxy answers in a way that cannot be understood"
        "Vérifiez que l’adresse donnée est bien celle d’un mandataire HTTP." "Check that the given address is that of an HTTP proxy."
    PacUnusable Proxy "pac-unusable"
        "Le fichier PAC est inutilisable" "The PAC file is unusable"
        "Vérifiez l’adresse du fichier PAC et qu’il s’évalue sans erreur." "Check the PAC file’s address and that it evaluates without error."
    WpadPresent Proxy "wpad-present"
        "Le nom « wpad » répond : n’importe qui peut s’en servir pour détourner le trafic" "The name “wpad” answers: anybody might use it to divert traffic"
        "Donnez l’adresse du mandataire ou du PAC dans les réglages plutôt que par WPAD." "Give the proxy’s or PAC’s address in the settings rather than by WPAD."

    BandwidthBelowMinimum Link "bandwidth-below-minimum"
        "Le débit est sous le minimum" "The bandwidth is below the minimum"
        "Accordez à la machine au moins 384 kbit/s dans chaque sens (1 Mbit/s recommandé)." "Give the machine at least 384 kbit/s each way (1 Mbit/s recommended)."
    BandwidthBelowRecommended Link "bandwidth-below-recommended"
        "Le débit est sous la recommandation" "The bandwidth is below the recommendation"
        "1 Mbit/s dans chaque sens est recommandé; évitez une ligne DSL ou 3G partagée." "1 Mbit/s each way is recommended; avoid a shared DSL or 3G line."
    LatencyUnderLoad Link "latency-under-load"
        "La ligne devient très lente sous la charge" "The line becomes very slow under load"
        "Activez une file équitable (SQM, fq_codel) sur la ligne, ou donnez priorité à la machine." "Turn on fair queueing (SQM, fq_codel) on the line, or give the machine priority."
    MtuBlackHole Link "mtu-black-hole"
        "Les gros paquets se perdent en silence" "Large packets are lost in silence"
        "Laissez passer ICMP « fragmentation needed », ou plafonnez le MSS (MSS clamping) sur le pare-feu." "Let ICMP “fragmentation needed” through, or clamp the MSS on the firewall."
    IdleConnectionDropped Link "idle-connection-dropped"
        "Une connexion inactive est oubliée par le pare-feu" "An idle connection is forgotten by the firewall"
        "Allongez le délai d’inactivité TCP du pare-feu, ou faites-lui envoyer une remise à zéro." "Lengthen the firewall’s TCP idle time-out, or have it send a reset."

    ClockWrong Clock "clock-wrong"
        "L’horloge de la machine est fausse" "The machine’s clock is wrong"
        "Réglez l’heure de la machine." "Set the machine’s time."
    ClockOff Clock "clock-off"
        "L’horloge de la machine s’écarte un peu" "The machine’s clock is slightly off"
        "Réglez l’heure de la machine à l’occasion." "Set the machine’s time when convenient."
}

impl Code {
    /// Its name in reports, `connection-dropped`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The layer it belongs to.
    #[must_use]
    pub fn layer(self) -> Layer {
        self.row().layer
    }

    /// What it is called.
    #[must_use]
    pub fn title(self) -> Text {
        self.row().title
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(self) -> Text {
        self.row().remedy
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is the name of no code.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("“{0}” is not a code of the network test")]
pub struct UnknownCode(String);

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let found = Code::ALL.iter().copied().find(|code| code.as_str() == text);
        found.ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_kebab_name_of_its_own_and_both_languages() {
        for code in Code::ALL {
            let name = code.as_str();
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            );
            assert_eq!(name.parse::<Code>().unwrap(), *code, "{name} is declared twice");
            for text in [code.title(), code.remedy()] {
                assert!(!text.fr.is_empty() && !text.en.is_empty() && text.fr != text.en, "{name}");
            }
        }
    }

    #[test]
    fn french_puts_a_no_break_space_where_it_belongs() {
        for text in Code::ALL.iter().flat_map(|code| [code.title(), code.remedy()]) {
            let french = text.fr.replace("Encoding: chunked", "");
            for mark in [" :", " »", "« ", " ?", " !", " %"] {
                assert!(!french.contains(mark), "an ordinary space at “{mark}”: {french}");
            }
            assert!(!french.contains('\''), "a typewriter apostrophe: {french}");
        }
    }
}
