//! The machine under the figures, from `/proc`: without it a number means nothing.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// File systems that lose everything with the power: a flush on them costs nothing and proves nothing.
const VOLATILE: [&str; 2] = ["tmpfs", "ramfs"];

/// A line about processor, memory, kernel and the disk of `dir`.
///
/// # Errors
/// When `dir` lies in memory, where flushes are free.
pub(crate) fn describe(dir: &Path) -> Result<String> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let models: Vec<_> = cpus.lines().filter(|line| line.starts_with("model name")).collect();
    let model = models.first().and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown");
    let memory = field(&fs::read_to_string("/proc/meminfo")?, "MemTotal")?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let (device, kind) = mount_of(dir)?;
    if VOLATILE.contains(&kind.as_str()) {
        bail!(
            "{} is on {kind}, where a flush is free: name a folder on a disk with --dir",
            dir.display()
        );
    }
    Ok(format!(
        "{} × {model}, {:.1} GiB, Linux {}; {kind} on {device}; load {}",
        models.len(),
        memory as f64 / f64::from(1 << 30),
        kernel.trim(),
        fs::read_to_string("/proc/loadavg")?.split(' ').take(3).collect::<Vec<_>>().join(" "),
    ))
}

/// The device and the kind of the file system that `path` lies on.
fn mount_of(path: &Path) -> Result<(String, String)> {
    let path = path.canonicalize()?;
    let mounts = fs::read_to_string("/proc/self/mounts")?;
    let entries = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some((words.next()?, words.next()?, words.next()?))
    });
    // Of two mounts in one place, the later one is seen.
    let found = entries
        .filter(|(_, place, _)| path.starts_with(place))
        .max_by_key(|(_, place, _)| place.len())
        .with_context(|| format!("{} is on no file system", path.display()))?;
    Ok((found.0.to_owned(), found.2.to_owned()))
}

/// A field of `/proc/meminfo` or `/proc/<pid>/status`, in bytes.
pub(crate) fn field(text: &str, name: &str) -> Result<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kibibytes.with_context(|| format!("no {name}"))?.parse::<u64>()? * 1024)
}

/// How busy the processors are while this process does nothing for a second.
pub(crate) fn busy() -> Result<String> {
    let before = ticks()?;
    std::thread::sleep(Duration::from_secs(1));
    let after = ticks()?;
    let (busy, all) = (after.0 - before.0, after.1 - before.1);
    Ok(format!("{} %", busy * 100 / all.max(1)))
}

/// Busy and all ticks of all processors since the machine started.
fn ticks() -> Result<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat")?;
    let words = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    // user nice system idle iowait irq softirq steal; what follows is counted in them already.
    let ticks: Vec<u64> = words.take(8).map(str::parse).collect::<Result<_, _>>()?;
    let all: u64 = ticks.iter().sum();
    let idle = ticks.iter().skip(3).take(2).sum::<u64>();
    Ok((all - idle, all))
}

/// The processor time that this process has used so far: in the threads of this name, and in all others.
pub(crate) fn processor_time(name: &str) -> Result<[Duration; 2]> {
    let mut times = [Duration::ZERO; 2];
    for thread in fs::read_dir("/proc/self/task")? {
        let thread = thread?.path();
        // A thread may end while it is looked at; then there is nothing more to count.
        let read = |file| fs::read_to_string(thread.join(file)).unwrap_or_default();
        let nanoseconds = read("schedstat").split(' ').next().unwrap_or_default().parse();
        let other = usize::from(read("comm").trim() != name);
        times[other] += Duration::from_nanos(nanoseconds.unwrap_or(0));
    }
    Ok(times)
}
