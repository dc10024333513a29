//! The laboratory as a whole: meter, corporate firewall and internet, with names, services and a resolver, up in two seconds
//! and gone without a trace. It opens nothing to the machine it runs on: the three namespaces are joined to each other only.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use timbre_catalogue::Catalogue;

use crate::authority::{Algorithm, AuthorityFiles};
use crate::folder::Folder;
use crate::infrastructure::Infrastructure;
use crate::namespace::{self, Namespace, Traffic};
use crate::nftables::Nftables;
use crate::origin::{OriginConfig, Page, Visit};
use crate::plan::{DOMAIN, FORBIDDEN, GATEWAY, HostMap, METER_LINK, NAME_SERVER, PROXY_NAME};
use crate::process::Process;
use crate::wiring::connect;
use crate::zone::{self, Change};

/// What a laboratory is to consist of.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The `timbre` executable.
    pub timbre: PathBuf,
    /// The `timbre-lab` executable, which is also the origin.
    pub lab: PathBuf,
    /// Whose hosts are to be found beside those of our own deployment.
    pub catalogues: Vec<Catalogue>,
    /// The name of a laboratory that is to stand until it is taken down; without one, it goes away with its value.
    pub kept: Option<String>,
}

/// A laboratory that is up.
#[derive(Debug)]
pub struct Lab {
    // In the order in which they go: processes before the namespaces in which they run.
    forwarder: Option<Process>,
    name_server: Option<Process>,
    origin: Option<Process>,
    infrastructure: Infrastructure,
    folder: Folder,
    meter: Namespace,
    firewall: Namespace,
    internet: Namespace,
    hosts: HostMap,
    public: AuthorityFiles,
    company: AuthorityFiles,
    timbre: PathBuf,
    program: PathBuf,
}

impl Lab {
    /// Brings a laboratory up: namespaces, links, name server, services, resolver. The firewall lets everything through.
    ///
    /// # Errors
    /// Names the part that did not come up and repeats what it said.
    pub fn up(layout: &Layout) -> Result<Lab> {
        ensure!(
            rustix::process::geteuid().is_root(),
            "a laboratory needs root: it makes network namespaces"
        );
        ensure!(
            layout.timbre.is_file(),
            "{} is missing: cargo build -p timbre",
            layout.timbre.display()
        );
        namespace::remove_leftovers()?;
        Folder::remove_leftovers()?;
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name =
            layout.kept.clone().unwrap_or_else(|| format!("{}-{number}", std::process::id()));
        let folder = Folder::make(&name)?;
        let meter = Namespace::make(&name, "meter")?;
        let firewall = Namespace::make(&name, "firewall")?;
        let internet = Namespace::make(&name, "internet")?;
        let own = Catalogue::timbre().with_domain(DOMAIN)?;
        let hosts = HostMap::of(&own, &layout.catalogues);
        connect(&meter, &firewall, &internet, &hosts)?;
        let public = AuthorityFiles::make(
            folder.path(),
            "public",
            "Laboratory Public Trust",
            Algorithm::EllipticCurve,
        )?;
        let company = AuthorityFiles::make(
            folder.path(),
            "company",
            "Example Corp TLS Inspection",
            Algorithm::Rsa,
        )?;
        let infrastructure =
            Infrastructure::start(&layout.timbre, &internet, folder.path(), &hosts)?;
        let mut lab = Lab {
            forwarder: None,
            name_server: None,
            origin: None,
            infrastructure,
            folder,
            meter,
            firewall,
            internet,
            hosts,
            public,
            company,
            timbre: layout.timbre.clone(),
            program: layout.lab.clone(),
        };
        let own = fs::read_to_string(lab.infrastructure.root())?;
        fs::write(lab.roots(), own + &fs::read_to_string(&lab.public.certificate)?)?;
        lab.start_origin()?;
        lab.answer_names(&[])?;
        lab.forward_names("")?;
        if layout.kept.is_some() {
            lab.keep();
        }
        Ok(lab)
    }

    fn keep(&mut self) {
        for namespace in [&mut self.meter, &mut self.firewall, &mut self.internet] {
            namespace.keep();
        }
        let parts = [&mut self.forwarder, &mut self.name_server, &mut self.origin];
        for part in parts.into_iter().flatten() {
            part.keep();
        }
        self.infrastructure.keep();
        self.folder.keep();
    }

    fn start_origin(&mut self) -> Result<()> {
        let config = OriginConfig {
            addresses: self.hosts.foreign().chain([FORBIDDEN]).collect(),
            http: vec![80, 8080],
            https: vec![443, 8443],
            greeting: vec![21, 22, 53, 5938],
            datagrams: vec![53, 123, 443],
            page: Page::Echo,
            certificate: self.public.certificate.clone(),
            key: self.public.key.clone(),
            visitors: self.path("visitors.jsonl"),
        };
        self.origin = Some(self.serve("origin", &self.internet, &config)?);
        Ok(())
    }

    /// Answers with one page on a port of the firewall.
    pub(crate) fn start_page(&self, name: &str, page: Page, port: u16) -> Result<Process> {
        let config = OriginConfig {
            addresses: vec![GATEWAY],
            http: vec![port],
            https: Vec::new(),
            greeting: Vec::new(),
            datagrams: Vec::new(),
            page,
            certificate: self.public.certificate.clone(),
            key: self.public.key.clone(),
            visitors: self.path(format!("{name}-visitors.jsonl")),
        };
        self.serve(name, &self.firewall, &config)
    }

    fn serve(&self, name: &str, at: &Namespace, config: &OriginConfig) -> Result<Process> {
        let file = self.path(format!("{name}.json"));
        fs::write(&file, serde_json::to_string_pretty(config)?)?;
        let mut command = at.command(&self.program);
        command.args(["origin", "--config"]).arg(&file);
        let log = self.path(format!("{name}.log"));
        let mut process = Process::start(name, &mut command, &log)?;
        process.wait_until(|| Ok(fs::read_to_string(&log)?.contains("listening")))?;
        Ok(process)
    }

    /// Has the authoritative name server say what is right, with these changes.
    ///
    /// # Errors
    /// If it does not come up again.
    pub fn answer_names(&mut self, changes: &[Change]) -> Result<()> {
        self.name_server = None;
        let file = self.path("unbound.conf");
        fs::write(&file, zone::unbound(&self.hosts, changes))?;
        let mut command = self.internet.command("unbound");
        command.args(["-d", "-c"]).arg(&file);
        let mut server = Process::start("unbound", &mut command, &self.path("unbound.log"))?;
        server.wait_for(&self.internet, SocketAddr::from((NAME_SERVER, 53)))?;
        self.name_server = Some(server);
        Ok(())
    }

    /// Has the firewall's resolver ask the authoritative server, with these lines of `dnsmasq` besides: `nftset=…`,
    /// `address=…`.
    ///
    /// # Errors
    /// If it does not come up again.
    pub fn forward_names(&mut self, lines: &str) -> Result<()> {
        // The sockets must be free before the next one takes them.
        self.forwarder = None;
        let file = self.path("dnsmasq.conf");
        // A remembered answer would hide what changes next. dnsmasq takes the line once only, and generated rules have it.
        let memory = if lines.contains("cache-size=") { "" } else { "cache-size=0\n" };
        let text = format!(
            "no-resolv\nno-hosts\nbind-interfaces\nlisten-address={GATEWAY}\nserver={NAME_SERVER}\n\
             user=root\npid-file=\nlog-facility=-\nhost-record={PROXY_NAME},{GATEWAY}\n{memory}{lines}\n"
        );
        fs::write(&file, text)?;
        let mut command = self.firewall.command("dnsmasq");
        command.arg("--keep-in-foreground").arg(format!("--conf-file={}", file.display()));
        let mut forwarder = Process::start("dnsmasq", &mut command, &self.path("dnsmasq.log"))?;
        forwarder.wait_for(&self.firewall, SocketAddr::from((GATEWAY, 53)))?;
        self.forwarder = Some(forwarder);
        Ok(())
    }

    /// A command of `timbre` on the meter. Nothing of the caller's environment reaches it.
    pub fn timbre(&self) -> Command {
        bare(self.meter.command(&self.timbre))
    }

    /// The same, started by another program.
    pub(crate) fn timbre_through(&self, program: &str, args: &[String]) -> Command {
        let mut command = bare(self.meter.command(program));
        command.args(args).arg(&self.timbre);
        command
    }

    /// A command of the infrastructure's staff, at the infrastructure.
    pub fn staff(&self) -> Command {
        self.infrastructure.staff(&self.timbre)
    }

    /// The firewall's rules.
    pub fn rules(&self) -> Nftables<'_> {
        Nftables(&self.firewall)
    }

    /// Limits the line between meter and firewall, and between firewall and internet, to a rate each way.
    ///
    /// # Errors
    /// If `tc` refuses it.
    pub fn limit(&self, rate: crate::shaping::Rate) -> Result<()> {
        crate::shaping::limit(&self.firewall, rate)
    }

    /// Removes the limit.
    ///
    /// # Errors
    /// If `tc` refuses it.
    pub fn unlimit(&self) -> Result<()> {
        crate::shaping::unlimit(&self.firewall)
    }

    /// What the meter has sent and received since the laboratory came up.
    ///
    /// # Errors
    /// If the counters cannot be read.
    pub fn traffic(&self) -> Result<Traffic> {
        self.meter.traffic(METER_LINK)
    }

    /// Who came to the origin: to other people's services, and to the destination that nobody may reach.
    ///
    /// # Errors
    /// If the list cannot be read.
    pub fn visits(&self) -> Result<Vec<Visit>> {
        // A visitor is noted a moment after the kernel has let him in: one who comes last, from the internet itself,
        // is waited for.
        let visitor =
            self.internet.inside(|| TcpStream::connect((FORBIDDEN, 22))?.local_addr())??;
        let start = Instant::now();
        loop {
            let text = fs::read_to_string(self.path("visitors.jsonl"))?;
            let (whole, _) = text.rsplit_once('\n').unwrap_or_default();
            let visits: Result<Vec<Visit>> =
                whole.lines().map(|line| serde_json::from_str(line).context("a visit")).collect();
            let visits = visits?;
            if visits.iter().any(|visit| visit.from == visitor) {
                return Ok(visits
                    .into_iter()
                    .filter(|visit| visit.from.ip() != visitor.ip())
                    .collect());
            }
            ensure!(start.elapsed() < Duration::from_secs(10), "the origin notes nobody");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The meter's machine.
    pub fn meter(&self) -> &Namespace {
        &self.meter
    }

    /// The firewall's machine.
    pub fn firewall(&self) -> &Namespace {
        &self.firewall
    }

    /// The internet.
    pub fn internet(&self) -> &Namespace {
        &self.internet
    }

    /// Which name leads where.
    pub fn hosts(&self) -> &HostMap {
        &self.hosts
    }

    /// The real infrastructure.
    pub fn infrastructure(&self) -> &Infrastructure {
        &self.infrastructure
    }

    /// The authority of other people's services: what the public roots are in the world.
    pub fn public_root(&self) -> &AuthorityFiles {
        &self.public
    }

    /// The company's own authority, with which its interceptors forge.
    pub fn company_root(&self) -> &AuthorityFiles {
        &self.company
    }

    /// Every root that is genuine here, in one file: the deployment's own and the public one.
    pub fn roots(&self) -> PathBuf {
        self.path("roots.pem")
    }

    /// A file of this laboratory.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// The command without the caller's environment.
pub(crate) fn bare(mut command: Command) -> Command {
    command.env_clear().env("PATH", PATH).env("LANG", "en_CA.UTF-8").env("NO_COLOR", "1");
    command
}

/// Where programs are found when nothing of the caller's environment is passed on.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Takes down a laboratory that was left standing.
///
/// # Errors
/// If there is none, or something of it cannot be removed.
pub fn down(name: &str) -> Result<()> {
    ensure!(rustix::process::geteuid().is_root(), "taking a laboratory down needs root");
    for machine in ["meter", "firewall", "internet"] {
        Namespace::find(name, machine)?.remove()?;
    }
    let folder = Folder::of(name);
    fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))
}

/// The meter of a laboratory that was left standing.
///
/// # Errors
/// If there is none.
pub fn find_meter(name: &str) -> Result<Namespace> {
    Namespace::find(name, "meter")
}
