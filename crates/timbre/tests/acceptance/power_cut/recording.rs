//! What a command asks of the disk, told by the kernel: every system call that changes a file, in order, by strace.
//!
//! The command is the real one behind its own walls; being watched changes nothing of what it does.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::site::{Told, tell};

/// A system call that succeeded.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Open {
        path: PathBuf,
        creates: bool,
        truncates: bool,
    },
    Write {
        path: PathBuf,
        offset: u64,
        bytes: Vec<u8>,
    },
    /// The file is at least so long.
    Allocate {
        path: PathBuf,
        length: u64,
    },
    /// The file is exactly so long.
    Truncate {
        path: PathBuf,
        length: u64,
    },
    Sync {
        path: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    Link {
        from: PathBuf,
        to: PathBuf,
    },
    Remove {
        path: PathBuf,
    },
    Make {
        folder: PathBuf,
    },
    /// Bytes went to another machine.
    Sent,
    /// The command wrote its answer.
    Answered,
}

impl Call {
    /// In a few words.
    pub(crate) fn brief(&self) -> String {
        match self {
            Call::Write { path, offset, bytes } => {
                format!("write {} bytes at {offset} of {}", bytes.len(), path.display())
            }
            other => format!("{other:?}"),
        }
    }
}

const CALLS: &str = "trace=open,openat,creat,write,writev,pwrite64,pwritev,fsync,fdatasync,rename,renameat,renameat2,\
    link,linkat,unlink,unlinkat,mkdir,mkdirat,rmdir,ftruncate,truncate,fallocate,lseek,sendto,sendmsg,sync,syncfs,sync_file_range,msync";

/// Runs `command` to its end and tells what it asked of the disk.
pub(crate) fn record(command: &Command, log: &Path) -> (Told, Vec<Call>) {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-xx", "-s", "4000000", "-e", CALLS, "-e", "status=successful", "-o"]);
    strace.arg(log).arg("--").arg(command.get_program()).args(command.get_args()).env_clear();
    strace.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    strace.env("PATH", "/usr/bin:/bin");
    let told = tell(&mut strace);
    let text = std::fs::read_to_string(log).expect("strace writes its log");
    std::fs::remove_file(log).expect("the log can be removed");
    let mut reader = Reader::default();
    text.lines().for_each(|line| reader.line(line));
    (told, reader.calls)
}

#[derive(Default)]
struct Reader {
    calls: Vec<Call>,
    /// Calls that another thread's interrupted in the log, by thread.
    unfinished: std::collections::HashMap<String, String>,
    /// Where the next plain write goes, by file descriptor.
    positions: std::collections::HashMap<u64, u64>,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let (thread, call) = line.split_once(' ').expect("a line begins with its thread");
        let call = call.trim_start();
        if let Some(begun) = call.strip_suffix("<unfinished ...>") {
            self.unfinished.insert(thread.to_owned(), begun.to_owned());
        } else if let Some((_, rest)) = call.split_once(" resumed>") {
            if let Some(begun) = self.unfinished.remove(thread) {
                self.call(&(begun + rest));
            }
        } else if !call.starts_with("+++") && !call.starts_with("---") {
            self.call(call);
        }
    }

    fn call(&mut self, text: &str) {
        let (name, rest) = text.split_once('(').expect("a call has arguments");
        let (arguments, result) = rest.rsplit_once(") ").expect("a call has a result");
        let result = result.trim_start().trim_start_matches("= ");
        let arguments = split(arguments);
        let argument = |at: usize| arguments[at].as_str();
        let number = |at: usize| argument(at).parse::<u64>().expect("a number");
        let call = match name {
            "openat" => {
                let fd = descriptor(result).0;
                self.positions.insert(fd, 0);
                Call::Open {
                    path: below(argument(0), argument(1)),
                    creates: argument(2).contains("O_CREAT"),
                    truncates: argument(2).contains("O_TRUNC"),
                }
            }
            "write" => {
                let ((fd, path), bytes) = (descriptor(argument(0)), literal(argument(1)));
                if path.as_os_str().is_empty() {
                    self.calls.extend(match fd {
                        1 => Some(Call::Answered),
                        2 => None,
                        _ => Some(Call::Sent),
                    });
                    return;
                }
                let position = self.positions.entry(fd).or_default();
                let offset = *position;
                *position += bytes.len() as u64;
                Call::Write { path, offset, bytes }
            }
            "pwrite64" => Call::Write {
                path: descriptor(argument(0)).1,
                bytes: literal(argument(1)),
                offset: number(3),
            },
            "fsync" | "fdatasync" => Call::Sync { path: descriptor(argument(0)).1 },
            "fallocate" => {
                Call::Allocate { path: descriptor(argument(0)).1, length: number(2) + number(3) }
            }
            "ftruncate" => Call::Truncate { path: descriptor(argument(0)).1, length: number(1) },
            "rename" => Call::Rename { from: file(argument(0)), to: file(argument(1)) },
            "link" => Call::Link { from: file(argument(0)), to: file(argument(1)) },
            "linkat" => Call::Link {
                from: below(argument(0), argument(1)),
                to: below(argument(2), argument(3)),
            },
            "unlink" => Call::Remove { path: file(argument(0)) },
            "mkdir" => Call::Make { folder: file(argument(0)) },
            "sendto" | "sendmsg" => Call::Sent,
            "writev" if descriptor(argument(0)).1.as_os_str().is_empty() => Call::Sent,
            "lseek" => {
                let (fd, _) = descriptor(argument(0));
                self.positions.insert(fd, result.parse().expect("a position"));
                return;
            }
            other => panic!("a call that this test does not know: {other} in {text}"),
        };
        self.calls.push(call);
    }
}

/// Splits at the commas that stand in no string; strings hold no comma, since all of it is in hexadecimal.
fn split(arguments: &str) -> Vec<String> {
    arguments.split(", ").map(str::to_owned).collect()
}

/// `3<\x2f…>` is the number and the path of a file descriptor.
fn descriptor(text: &str) -> (u64, PathBuf) {
    let (number, rest) = text.split_once('<').expect("a file descriptor with its path");
    let (path, _) = rest.rsplit_once('>').expect("a path ends");
    // A socket or a pipe has a name and no path.
    let path = path_of(hexadecimal(path));
    let path = if path.is_absolute() { path } else { PathBuf::new() };
    (number.parse().expect("a number"), path)
}

fn file(text: &str) -> PathBuf {
    path_of(literal(text))
}

fn below(folder: &str, path: &str) -> PathBuf {
    let path = file(path);
    match folder.split_once('<') {
        Some((_, rest)) => path_of(hexadecimal(rest.trim_end_matches('>'))).join(path),
        None => path,
    }
}

fn literal(text: &str) -> Vec<u8> {
    assert!(!text.ends_with("..."), "strace cut a string short");
    hexadecimal(text.trim_matches('"'))
}

fn hexadecimal(text: &str) -> Vec<u8> {
    let digits = |byte: &str| u8::from_str_radix(byte, 16).expect("two digits");
    text.split("\\x").skip(1).map(digits).collect()
}

fn path_of(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(String::from_utf8(bytes).expect("paths of tests are UTF-8"))
}
