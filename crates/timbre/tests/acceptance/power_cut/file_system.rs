//! A file system that promises what POSIX does and no more, and what it may hold after the power went.
//!
//! Data is durable when its file was synced; a name is durable when its folder was. Until then a write may be there or
//! not, in part, in any order with others, or leave nothing but the file's new length; and so may a name.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::recording::Call;

const SECTOR: u64 = 512;

/// The bytes of a file; sectors of zeros are left out, because a new journal is two megabytes of them.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    length: u64,
    sectors: BTreeMap<u64, [u8; SECTOR as usize]>,
}

impl Content {
    fn of(bytes: &[u8]) -> Content {
        let mut content = Content::default();
        content.write(0, bytes);
        content
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        self.length = self.length.max(offset + bytes.len() as u64);
        let (mut at, mut rest) = (offset, bytes);
        while !rest.is_empty() {
            let start = (at % SECTOR) as usize;
            let (now, later) = rest.split_at(rest.len().min(SECTOR as usize - start));
            let number = at / SECTOR;
            if self.sectors.contains_key(&number) || now.iter().any(|byte| *byte != 0) {
                let sector = self.sectors.entry(number).or_insert([0; SECTOR as usize]);
                sector[start..start + now.len()].copy_from_slice(now);
                if sector.iter().all(|byte| *byte == 0) {
                    self.sectors.remove(&number);
                }
            }
            (at, rest) = (at + now.len() as u64, later);
        }
    }

    fn cut(&mut self, length: u64) {
        let zeros = vec![0; usize::try_from(self.length.saturating_sub(length)).unwrap()];
        self.write(length.min(self.length), &zeros);
        self.length = length;
    }

    fn put(&self, path: &Path) {
        use std::os::unix::fs::FileExt as _;
        let file = std::fs::File::create(path).unwrap();
        file.set_len(self.length).unwrap();
        for (number, sector) in &self.sectors {
            let start = number * SECTOR;
            let end = (self.length - start).min(SECTOR) as usize;
            file.write_all_at(&sector[..end], start).unwrap();
        }
    }
}

/// Content that is compared by its hash, which is computed once.
pub(crate) struct Hashed {
    content: Content,
    hash: u64,
}

impl Hashed {
    fn new(content: Content) -> Rc<Hashed> {
        let mut hasher = DefaultHasher::new();
        content.hash(&mut hasher);
        Rc::new(Hashed { content, hash: hasher.finish() })
    }
}

/// What lies in the folders that are watched, by path: files, and folders with no content. Paths are text, because
/// comparing and hashing those is most of the work.
pub(crate) type Image = BTreeMap<Rc<str>, Option<Rc<Hashed>>>;

fn hash_of(image: &Image) -> u64 {
    let mut hasher = DefaultHasher::new();
    for (path, content) in image {
        path.hash(&mut hasher);
        content.as_ref().map(|content| content.hash).hash(&mut hasher);
    }
    hasher.finish()
}

/// Puts `image` in the place of what lies there.
pub(crate) fn put(image: &Image, watched: &[PathBuf]) {
    for folder in watched {
        if folder.exists() {
            std::fs::remove_dir_all(folder).unwrap();
        }
    }
    for (path, content) in image {
        let path = Path::new(&**path);
        match content {
            None => std::fs::create_dir(path).unwrap(),
            Some(hashed) => hashed.content.put(path),
        }
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if content.is_none() { 0o700 } else { 0o600 };
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

type Inode = usize;

#[derive(Clone)]
enum Data {
    Write { offset: u64, bytes: Rc<[u8]> },
    Length { length: u64, shorter_too: bool },
}

#[derive(Clone)]
enum Name {
    Is { path: Rc<str>, inode: Inode },
    Moved { from: Rc<str>, to: Rc<str>, inode: Inode },
    Gone { path: Rc<str> },
}

fn text(path: &Path) -> Rc<str> {
    path.to_str().expect("paths of tests are UTF-8").into()
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').expect("a watched path is absolute").0
}

impl Name {
    fn is_in(&self, folder: &str) -> bool {
        match self {
            Name::Is { path, .. } | Name::Gone { path } => folder_of(path) == folder,
            Name::Moved { to, .. } => folder_of(to) == folder,
        }
    }

    fn apply(&self, names: &mut BTreeMap<Rc<str>, Inode>) {
        match self {
            Name::Is { path, inode } => _ = names.insert(path.clone(), *inode),
            Name::Moved { from, to, inode } => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
            Name::Gone { path } => _ = names.remove(path),
        }
    }
}

/// How much of a write is there.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Part {
    Nothing,
    All,
    First(usize),
    /// The file is as long as if it were there, and holds zeros.
    Length,
}

type Contents = HashMap<(Inode, Vec<Part>), Rc<Hashed>>;

pub(crate) struct FileSystem {
    watched: Vec<PathBuf>,
    /// What is durable of each file; `None` is a folder.
    inodes: Vec<Option<Rc<Hashed>>>,
    durable: BTreeMap<Rc<str>, Inode>,
    /// As programs see it.
    live: BTreeMap<Rc<str>, Inode>,
    names: Vec<Name>,
    data: Vec<(Inode, Data)>,
    /// What files hold, by the parts of their writes that are there, since anything was last made durable.
    contents: RefCell<Contents>,
}

impl FileSystem {
    /// What lies in the folders `watched`, all of it durable.
    pub(crate) fn holding(watched: &[PathBuf]) -> FileSystem {
        let mut system = FileSystem {
            watched: watched.to_vec(),
            inodes: Vec::new(),
            durable: BTreeMap::new(),
            live: BTreeMap::new(),
            names: Vec::new(),
            data: Vec::new(),
            contents: RefCell::default(),
        };
        watched.iter().for_each(|folder| system.load(folder));
        system
    }

    fn load(&mut self, path: &Path) {
        if !path.exists() {
            return;
        }
        let content = (!path.is_dir()).then(|| Content::of(&std::fs::read(path).unwrap()));
        let is_folder = content.is_none();
        let inode = self.make(content);
        self.durable.insert(text(path), inode);
        self.live.insert(text(path), inode);
        if is_folder {
            std::fs::read_dir(path).unwrap().for_each(|entry| self.load(&entry.unwrap().path()));
        }
    }

    fn make(&mut self, content: Option<Content>) -> Inode {
        self.inodes.push(content.map(Hashed::new));
        self.inodes.len() - 1
    }

    fn name(&mut self, name: Name) {
        name.apply(&mut self.live);
        self.names.push(name);
    }

    /// Whether the call was about a watched file.
    pub(crate) fn take(&mut self, call: &Call) -> bool {
        let is_watched = |path: &Path| self.watched.iter().any(|folder| path.starts_with(folder));
        match call {
            Call::Open { path, creates, truncates } if is_watched(path) => {
                match self.live.get(&*text(path)).copied() {
                    Some(inode) if *truncates => {
                        self.data.push((inode, Data::Length { length: 0, shorter_too: true }));
                    }
                    None if *creates => {
                        let inode = self.make(Some(Content::default()));
                        self.name(Name::Is { path: text(path), inode });
                    }
                    _ => return false,
                }
            }
            Call::Write { path, offset, bytes } if is_watched(path) => {
                let write = Data::Write { offset: *offset, bytes: bytes.as_slice().into() };
                self.change(path, write);
            }
            Call::Allocate { path, length } if is_watched(path) => {
                self.change(path, Data::Length { length: *length, shorter_too: false });
            }
            Call::Truncate { path, length } if is_watched(path) => {
                self.change(path, Data::Length { length: *length, shorter_too: true });
            }
            Call::Sync { path } => return self.sync(path),
            Call::Rename { from, to } if is_watched(to) => {
                let inode = self.live[&*text(from)];
                self.name(Name::Moved { from: text(from), to: text(to), inode });
            }
            Call::Link { from, to } if is_watched(to) => {
                let inode = self.live[&*text(from)];
                self.name(Name::Is { path: text(to), inode });
            }
            Call::Remove { path } if is_watched(path) => {
                self.name(Name::Gone { path: text(path) });
            }
            Call::Make { folder } if is_watched(folder) => {
                let inode = self.make(None);
                self.name(Name::Is { path: text(folder), inode });
            }
            _ => return false,
        }
        true
    }

    fn change(&mut self, path: &Path, data: Data) {
        let inode =
            *self.live.get(&*text(path)).unwrap_or_else(|| panic!("{} is there", path.display()));
        self.data.push((inode, data));
    }

    fn sync(&mut self, path: &Path) -> bool {
        let path = text(path);
        let (now, later): (Vec<Name>, Vec<Name>) =
            std::mem::take(&mut self.names).into_iter().partition(|name| name.is_in(&path));
        self.names = later;
        now.iter().for_each(|name| name.apply(&mut self.durable));
        let Some(inode) = self.live.get(&path).copied() else { return !now.is_empty() };
        let (data, later): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.data).into_iter().partition(|(of, _)| *of == inode);
        self.data = later;
        if !data.is_empty() {
            let hashed = self.inodes[inode].as_ref().expect("a file has content");
            let mut content = hashed.content.clone();
            data.iter().for_each(|(_, data)| apply(&mut content, data, Part::All));
            self.inodes[inode] = Some(Hashed::new(content));
        }
        self.contents.borrow_mut().clear();
        !now.is_empty() || !data.is_empty()
    }

    /// Everything that was asked for, as it is found when the machine goes on.
    pub(crate) fn whole(&self) -> Image {
        self.image(&vec![true; self.names.len()], &vec![Part::All; self.data.len()])
    }

    /// What may be found after the power went now, without those in `known`.
    pub(crate) fn images(&self, known: &mut HashSet<u64>) -> Vec<Image> {
        let mut images = Vec::new();
        for (names, data) in self.choices() {
            let image = self.image(&names, &data);
            if known.insert(hash_of(&image)) {
                images.push(image);
            }
        }
        images
    }

    /// Up to eight pending changes are kept and lost in every way. Of more, each is lost alone, kept alone, and lost
    /// with all that follow it.
    fn choices(&self) -> Vec<(Vec<bool>, Vec<Part>)> {
        let (names, data) = (self.names.len(), self.data.len());
        let (all_names, all_data) = (vec![true; names], vec![Part::All; data]);
        let mut choices = Vec::new();
        if names + data <= 8 {
            for bits in 0..1_usize << (names + data) {
                let kept: Vec<bool> = (0..names + data).map(|bit| bits >> bit & 1 == 1).collect();
                let (names, data) = kept.split_at(names);
                choices.push((names.to_vec(), parts(data)));
            }
        } else {
            let sets = |count: usize| {
                let end = move |end: usize| (0..count).map(move |at| at < end).collect::<Vec<_>>();
                let without = move |one: usize| (0..count).map(move |at| at != one).collect();
                let only = move |one: usize| (0..count).map(move |at| at == one).collect();
                let mut sets: Vec<Vec<bool>> = vec![end(0), end(count)];
                let recent = count.saturating_sub(12)..count;
                recent.for_each(|at| sets.extend([end(at), without(at), only(at)]));
                sets
            };
            choices.extend(sets(names).into_iter().map(|names| (names, all_data.clone())));
            choices.extend(sets(names).into_iter().map(|names| (names, parts(&vec![false; data]))));
            choices.extend(sets(data).into_iter().map(|data| (all_names.clone(), parts(&data))));
        }
        for at in data.saturating_sub(3)..data {
            for part in self.torn(at) {
                let mut torn = all_data.clone();
                torn[at] = part;
                choices.push((all_names.clone(), torn.clone()));
                torn[at + 1..].fill(Part::Nothing);
                choices.push((all_names.clone(), torn));
            }
        }
        choices
    }

    fn torn(&self, at: usize) -> Vec<Part> {
        let Data::Write { bytes, .. } = &self.data[at].1 else { return Vec::new() };
        let length = bytes.len();
        let mut parts = vec![Part::Length];
        parts.extend([1, length / 3, length / 2, length - 1, 512, 4096].map(Part::First));
        parts.retain(|part| !matches!(part, Part::First(end) if *end == 0 || *end >= length));
        parts
    }

    fn image(&self, names: &[bool], data: &[Part]) -> Image {
        let mut tree = self.durable.clone();
        for (name, _) in self.names.iter().zip(names).filter(|(_, kept)| **kept) {
            name.apply(&mut tree);
        }
        let mut image = Image::new();
        let roots: Vec<Rc<str>> = self.watched.iter().map(|watched| text(watched)).collect();
        for (path, inode) in &tree {
            // Without its folder a file is not to be found, and neither is what lies below it.
            if roots.contains(path) || image.contains_key(folder_of(path)) {
                image.insert(Rc::clone(path), self.content(*inode, data));
            }
        }
        image
    }

    /// What a file holds when of each pending write this part is there.
    fn content(&self, inode: Inode, parts: &[Part]) -> Option<Rc<Hashed>> {
        let durable = self.inodes[inode].as_ref()?;
        let pending = || self.data.iter().zip(parts).filter(|((of, _), _)| *of == inode);
        let parts: Vec<Part> = pending().map(|(_, part)| *part).collect();
        if parts.is_empty() {
            return Some(Rc::clone(durable));
        }
        let made = || {
            let mut content = durable.content.clone();
            pending().for_each(|((_, data), part)| apply(&mut content, data, *part));
            Hashed::new(content)
        };
        Some(Rc::clone(self.contents.borrow_mut().entry((inode, parts)).or_insert_with(made)))
    }
}

fn parts(kept: &[bool]) -> Vec<Part> {
    kept.iter().map(|kept| if *kept { Part::All } else { Part::Nothing }).collect()
}

fn apply(content: &mut Content, data: &Data, part: Part) {
    match (data, part) {
        (_, Part::Nothing) => {}
        (Data::Write { offset, bytes }, Part::All) => content.write(*offset, bytes),
        (Data::Write { offset, bytes }, Part::First(end)) => content.write(*offset, &bytes[..end]),
        (Data::Write { offset, bytes }, Part::Length) => {
            content.length = content.length.max(offset + bytes.len() as u64);
        }
        (Data::Length { length, shorter_too: true }, _) => content.cut(*length),
        (Data::Length { length, .. }, _) => content.length = content.length.max(*length),
    }
}
