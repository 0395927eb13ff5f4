//! A file with all its representations: as it is, as its compressed neighbours, and as this server compressed it. This
//! file does not know requests or their fields.

use super::contents::{Contents, Stored};
use super::freshness::{Clock, Moment, Seen};
use super::inner::{Asker, Audience, Inner};
use super::kind::{self, Charset, ContentType};
use super::lock::lock;
use super::names::NameReader;
use super::neighbours::{Beside, Comparer, Neighbours, Unclear, stamp_passed_over};
use super::policy::{Compression, Policy};
use super::root::{Opened, Reach};
use super::stamp::Stamp;
use super::tree::{GONE, KnownFolder};
use crate::http::encoding::Coding;
use crate::http::validators::{EntityTag, Opaque, Strength, Validators};
use std::io;
use std::ops::Deref;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

/// The shortest text that is compressed, in bytes. A shorter answer fits one packet anyway.
const COMPRESSED_BYTES_MIN: u64 = 256;

/// The longest text that is compressed, in bytes. A longer one would take too much of the loop's time.
const COMPRESSED_BYTES_MAX: u64 = 1 << 20;

/// Bytes that a file in memory takes beside its content and its names: those of a [`Resource`], of the cache and of the allocator.
const OVERHEAD: usize = 288;

/// One version of a file and of its neighbours.
#[derive(Clone)]
pub struct Resource {
    /// The path of the target of a request that leads to the file, as the client wrote it.
    path: Box<str>,
    /// The folder of the file. Where a link is on the way to the file, the root: see [`More::behind_link`].
    folder: Arc<KnownFolder>,
    /// The version of the folder. While it is the same, no neighbour came or went.
    version: KnownVersion,
    /// The file as it is.
    plain: Representation,
    /// What few files have. It stands apart, so that the other files take less memory.
    more: Option<Box<More>>,
    /// Which neighbours were there; `None` where it does not matter.
    beside: Option<Beside>,
    /// Whether this server compresses the file. The gzip may not be ready yet, or may have no room in the cache.
    is_ours_to_compress: bool,
    is_compressible: bool,
}

/// The version of a folder that was last found.
struct KnownVersion(AtomicU32);

/// The path by which a client asks for a file, and the name of the file, relative to the root.
pub struct Asked<'a> {
    /// The path, percent-encoded.
    pub path: &'a str,
    /// The name.
    pub name: &'a Path,
}

/// The other representations of a file, and the neighbours that are none.
#[derive(Clone, Default)]
struct More {
    /// The name of the file, if it is not the path without its first `/`. So most names are in memory once.
    name: Option<Box<Path>>,
    /// If a link is on the way to the file: the folder that the link led to when the neighbours were looked for.
    behind_link: Option<Stamp>,
    others: Vec<Other>,
    /// Neighbours that must be compared with the file before they are used.
    unclear: Vec<Arc<Unclear>>,
    /// Neighbours that are not used, the unclear ones included. Such a file may become a copy when it is written anew,
    /// and then the stamp of the folder does not change; so each file is looked at.
    passed_over: Vec<(Box<Path>, Stamp)>,
}

/// A representation beside the plain one.
#[derive(Clone)]
struct Other {
    /// The name of the neighbour that holds these bytes; `None` if they are those of the file, or made from them.
    neighbour: Option<Box<Path>>,
    it: Representation,
}

/// A file in one coding.
#[derive(Clone)]
pub struct Representation {
    /// The version of this file.
    stamp: Stamp,
    /// When this file was last looked at and found unchanged.
    seen: Seen,
    /// The number of this version, see [`Stamp::tag`].
    tag: u64,
    /// What the tag promises.
    strength: Strength,
    /// What the tag has in addition, if the bytes are not those of the file, or are described in another way.
    suffix: Suffix,
    /// Whether the time of the file is useful as `Last-Modified`.
    is_dated: bool,
    /// The content coding.
    pub coding: Coding,
    /// Which requests get this representation.
    audience: Audience,
    /// What decides between this representation and others of the file.
    pub choice: Choice,
    /// The media type of the decoded content, and the encoding of its text. The parts of a [`ContentType`] take less room here
    /// than the whole.
    media_type: &'static str,
    charset: Charset,
    /// The bytes.
    pub stored: Stored,
}

/// The end of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Suffix {
    None,
    Gzip,
    Decoded,
    Followed,
}

/// What the head of an answer says of a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Description {
    /// The number of bytes.
    pub length: u64,
    /// The number of the version, see `Stamp::tag`.
    pub tag: u64,
    strength: Strength,
    suffix: Suffix,
    /// The length of the file in the tag.
    file_bytes: u64,
    /// The time for `Last-Modified`, in seconds since 1970.
    modified: Option<u64>,
    /// The media type of the decoded content.
    pub content_type: ContentType,
    /// The content coding.
    pub coding: Coding,
    /// What decides between this representation and others of the file.
    pub choice: Choice,
}

/// A representation that was selected for a request.
#[derive(Clone)]
pub struct Selected {
    resource: Arc<Resource>,
    at: usize,
}

/// What decides which representation of a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// Nothing: there is only one representation.
    None,
    /// The codings that the client accepts.
    Coding,
    /// The codings that the client accepts, and what in the client asks for the file, see [`Asker`].
    CodingAndAsker,
}

impl Resource {
    /// Reads the file `asked` that was opened, and looks for its neighbours. `folder` is the folder of the file; where a
    /// link is on the way to it, `top` alone is known. `None` if what was opened is no regular file after all.
    pub fn read(
        top: &Arc<KnownFolder>,
        folder: Option<&Arc<KnownFolder>>,
        Asked { path, name }: Asked<'_>,
        opened: Opened,
        policy: &Policy,
        comparer: &Mutex<Comparer>,
        now: SystemTime,
    ) -> io::Result<Option<Resource>> {
        let root = top.root();
        // The version comes first: a name that comes or goes after this gives the folder another one.
        let version = folder.and_then(|folder| folder.settled_version(now)).unwrap_or(GONE);
        let version = KnownVersion(version.into());
        let behind_link = folder.is_none().then(|| root.folder_stamp(name)).transpose()?;
        let Some(original) = Contents::read(opened, now)? else { return Ok(None) };
        let inner = Inner::of(name, &original.stored, &policy.types)?;
        let content_type = match inner {
            // The name gives the type of the decompressed content; this representation is the compressed file.
            Some(Inner { audience: Audience::All, .. }) => ContentType::of("application/gzip"),
            _ => kind::of(name, &original.stored, &policy.types)?,
        };
        // What is in a file that is compressed by name is no other coding of the file. Of a file that is served alone, the
        // neighbours are not served.
        let may_have_neighbours = inner.is_none() && policy.only.is_none();
        let Neighbours { beside, found, unclear, passed_over } = match may_have_neighbours {
            false => Neighbours::default(),
            true => Neighbours::of(root, folder.map(Arc::as_ref), name, &original, comparer, now)?,
        };
        let has_gzip = found.iter().any(|(coding, ..)| *coding == Coding::Gzip)
            || unclear.iter().any(|it| it.coding == Coding::Gzip);
        let is_compressible = policy.compression == Compression::On
            && !has_gzip
            && inner.is_none()
            && (COMPRESSED_BYTES_MIN..=COMPRESSED_BYTES_MAX).contains(&original.stamp.bytes())
            && kind::is_compressible(content_type.name);
        let choice = match &inner {
            Some(Inner { audience: Audience::Pages | Audience::Elements, .. }) => Choice::CodingAndAsker,
            None if !is_compressible && found.is_empty() && unclear.is_empty() => Choice::None,
            _ => Choice::Coding,
        };
        let beside = may_have_neighbours.then_some(beside);
        let is_path = path.as_bytes().strip_prefix(b"/") == Some(name.as_os_str().as_bytes());
        let name = (!is_path).then(|| name.into());
        let plain = Representation::new(original, Coding::Identity, content_type, choice, now);
        let decoded = inner.map(|inner| Other { neighbour: None, it: plain.decoded(inner) });
        let neighbours = found.into_iter().map(|(coding, name, contents)| Other {
            neighbour: Some(name),
            it: Representation::new(contents, coding, content_type, choice, now),
        });
        let others: Vec<_> = decoded.into_iter().chain(neighbours).collect();
        let more = More { name, behind_link, others, unclear, passed_over };
        let more = (!more.is_empty()).then(|| Box::new(more));
        let folder = folder.unwrap_or(top).clone();
        let is_ours_to_compress = is_compressible;
        let path = path.into();
        Ok(Some(Resource {
            path,
            folder,
            version,
            plain,
            more,
            beside,
            is_ours_to_compress,
            is_compressible,
        }))
    }

    /// Whether every later change will show in a stamp, so that the resource may be kept in the cache.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let is_strong = |it: &Representation| it.strength == Strength::Strong;
        let is_old = |(_, stamp): &(Box<Path>, Stamp)| stamp.is_settled(now);
        self.behind_link().is_none_or(|stamp| stamp.is_settled(now))
            && self.representations().all(is_strong)
            && self.passed_over().iter().all(is_old)
    }

    /// Looks at the disk, unless the last look is fresh enough: whether the file is unchanged, and its folder still has the
    /// same neighbours. A neighbour in use may have changed still: [`Selected::is_current`] tells that.
    pub fn is_current(&self, clock: &Clock, names: &Mutex<NameReader>, moment: Moment) -> bool {
        let root = self.folder.root();
        if !self.folder.look(clock, moment.read) {
            return false;
        }
        // What is found below was seen no later than this. Another thread may look at the folder anew meanwhile.
        let look = self.folder.seen();
        if !self.has_same_neighbours(names, moment) {
            return false;
        }
        if self.plain.seen.is_fresh_for(moment.read) {
            return true;
        }
        let is_same = |(name, before): &(Box<Path>, Stamp)| {
            stamp_passed_over(root, name, self.reach()).is_ok_and(|now| now == *before)
        };
        let is_current = self.is_stamped(self.name(), &self.plain.stamp)
            && self.passed_over().iter().all(is_same)
            && self
                .behind_link()
                .is_none_or(|before| root.folder_stamp(self.name()).is_ok_and(|now| now == *before));
        if is_current {
            self.plain.seen.set(look);
        }
        is_current
    }

    /// Looks at the disk, unless the last look is fresh enough: whether the file of the representation at `at` is unchanged. The
    /// caller knows already that the plain file is.
    fn is_current_at(&self, at: usize, moment: Moment) -> bool {
        let other = at.checked_sub(1).and_then(|at| self.more.as_ref()?.others.get(at));
        let Some(Other { neighbour: Some(name), it }) = other else { return true };
        if it.seen.is_fresh_for(moment.read) {
            return true;
        }
        let look = self.plain.seen.get();
        let is_current = self.is_stamped(name, &it.stamp);
        if is_current {
            it.seen.set(look);
        }
        is_current
    }

    /// Whether the folder has the same neighbours of the file as before, whatever is in them.
    #[inline]
    fn has_same_neighbours(&self, names: &Mutex<NameReader>, moment: Moment) -> bool {
        let Some(beside) = self.beside.filter(|_| self.behind_link().is_none()) else { return true };
        self.version.0.load(Ordering::Acquire) == self.folder.version()
            || self.still_has(beside, names, moment)
    }

    #[cold]
    fn still_has(&self, beside: Beside, names: &Mutex<NameReader>, moment: Moment) -> bool {
        let version = self.folder.settled_version(moment.time).unwrap_or(GONE);
        let is_same = Beside::of(self.folder.root(), Some(&self.folder), self.name()) == beside;
        if is_same {
            self.version.0.store(version, Ordering::Release);
            self.want_names(names);
        }
        is_same
    }

    /// Looks at the disk: whether the file `name` has this stamp. Its folder was looked at already.
    fn is_stamped(&self, name: &Path, stamp: &Stamp) -> bool {
        self.folder.root().find(name, self.reach()).is_ok_and(|now| Stamp::from(now) == *stamp)
    }

    fn reach(&self) -> Reach {
        if self.behind_link().is_some() { Reach::Any } else { Reach::Straight }
    }

    /// If a link is on the way to the file: the folder that the link led to.
    fn behind_link(&self) -> Option<&Stamp> {
        self.more.as_ref()?.behind_link.as_ref()
    }

    /// The path of the target of a request that leads to the file, as the client wrote it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The name of the file, relative to the root.
    fn name(&self) -> &Path {
        let other = self.more.as_ref().and_then(|more| more.name.as_deref());
        other.unwrap_or_else(|| Path::new(&self.path[1..]))
    }

    /// The representation without a coding: the file as it is.
    pub fn plain(&self) -> &Representation {
        &self.plain
    }

    /// All representations; the plain one is the first.
    fn representations(&self) -> impl Iterator<Item = &Representation> {
        let others = self.more.iter().flat_map(|more| &more.others).map(|other| &other.it);
        std::iter::once(&self.plain).chain(others)
    }

    fn passed_over(&self) -> &[(Box<Path>, Stamp)] {
        self.more.as_ref().map_or(&[], |more| &more.passed_over)
    }

    fn unclear_ones(&self) -> &[Arc<Unclear>] {
        self.more.as_ref().map_or(&[], |more| &more.unclear)
    }

    /// The representation at this place in the order of [`Resource::representations`].
    #[inline]
    fn at(&self, at: usize) -> &Representation {
        match (at.checked_sub(1), &self.more) {
            (Some(at), Some(more)) => &more.others[at].it,
            _ => &self.plain,
        }
    }

    /// The representation in `coding`, if there is one for `asker`.
    pub fn select(self: &Arc<Resource>, coding: Coding, asker: &dyn Fn() -> Asker) -> Option<Selected> {
        let is_it = |it: &Representation| it.coding == coding && it.audience.includes(asker);
        let at = self.representations().position(is_it)?;
        Some(Selected { resource: self.clone(), at })
    }

    /// The plain file, in place of a coding that may be ready soon, for a client that accepts `codings` and none that is
    /// there. Otherwise this client would get 406 now, and an answer a moment later, though no file changed.
    #[cold]
    pub fn stand_in(self: &Arc<Resource>, codings: &[Coding]) -> Option<Selected> {
        let is_ours = self.is_ours_to_compress && codings.contains(&Coding::Gzip);
        let is_unclear = || self.unclear_ones().iter().any(|it| codings.contains(&it.coding));
        (is_ours || is_unclear()).then(|| Selected { resource: self.clone(), at: 0 })
    }

    /// The neighbour in `coding`, if it must be compared with the file before it is used.
    pub fn unclear(&self, coding: Coding) -> Option<&Arc<Unclear>> {
        self.unclear_ones().iter().find(|it| it.coding == coding)
    }

    /// Whether there may be more representations soon.
    pub fn may_gain(&self) -> bool {
        self.is_compressible || !self.unclear_ones().is_empty()
    }

    /// Whether the file is worth compressing, and is not compressed yet.
    pub fn is_compressible(&self) -> bool {
        self.is_compressible
    }

    /// Asks for the names in the folder, if it is settled and they are not known: so the next file in it costs fewer calls.
    pub fn want_names(&self, names: &Mutex<NameReader>) {
        let version = self.version.0.load(Ordering::Acquire);
        if self.beside.is_some() && version != GONE && self.folder.is_unread() {
            lock(names).want(&self.folder, version);
        }
    }

    /// Whether both are of the same version of the file.
    pub fn is_like(&self, other: &Resource) -> bool {
        self.plain.stored.is_same(&other.plain.stored)
    }

    /// The same resource with a gzip representation, whose bytes are `bytes`.
    pub fn with_gzip(&self, bytes: Vec<u8>) -> Resource {
        let (content_type, stored) = (self.plain.description().content_type, Stored::Whole(bytes.into()));
        let gzip = self.plain.recoded(Suffix::Gzip, Coding::Gzip, Audience::All, content_type, stored);
        let mut more = self.more.clone().unwrap_or_default();
        more.others.push(Other { neighbour: None, it: gzip });
        Resource { is_compressible: false, more: Some(more), ..self.clone() }
    }

    /// The same resource without a gzip representation, and not to be compressed again: the file could not be read, or
    /// the cache has no room for the result.
    pub fn without_gzip(&self) -> Resource {
        let mut resource = Resource { is_compressible: false, ..self.clone() };
        if let Some(more) = &mut resource.more {
            more.others.retain(|other| other.it.coding != Coding::Gzip);
        }
        resource
    }

    /// Bytes that the resource takes in memory, roughly: its names, its content, and what the cache and the allocator add.
    pub fn memory_bytes(&self) -> usize {
        let more = self.more.as_ref().map_or(0, |more| more.memory_bytes());
        OVERHEAD + self.path.len() + self.plain.memory_bytes() + more
    }

    /// Whether the resource holds files open.
    pub fn holds_files(&self) -> bool {
        let is_open = |it: &Representation| matches!(it.stored, Stored::Large(_));
        let has_open = |more: &More| !more.unclear.is_empty() || more.others.iter().any(|it| is_open(&it.it));
        is_open(&self.plain) || self.more.as_ref().is_some_and(|more| has_open(more))
    }

    /// Bytes on the disk that stay taken after the files are deleted, while the resource holds them open.
    pub fn held_bytes(&self) -> u64 {
        let held = self.representations().map(|it| match it.stored {
            Stored::Whole(_) => 0,
            Stored::Large(_) => it.length(),
        });
        held.sum::<u64>() + self.unclear_ones().iter().map(|it| it.bytes()).sum::<u64>()
    }
}

impl More {
    fn is_empty(&self) -> bool {
        let More { name, behind_link, others, unclear, passed_over } = self;
        name.is_none()
            && behind_link.is_none()
            && others.is_empty()
            && unclear.is_empty()
            && passed_over.is_empty()
    }

    fn memory_bytes(&self) -> usize {
        let names = self.name.iter().chain(self.others.iter().filter_map(|other| other.neighbour.as_ref()));
        let names = names.chain(self.passed_over.iter().map(|(name, _)| name));
        let others = self.others.iter().map(|other| OVERHEAD + other.it.memory_bytes());
        OVERHEAD
            + others.sum::<usize>()
            + names.map(|name| OVERHEAD / 4 + name.as_os_str().len()).sum::<usize>()
    }
}

impl Clone for KnownVersion {
    fn clone(&self) -> KnownVersion {
        KnownVersion(self.0.load(Ordering::Acquire).into())
    }
}

impl Selected {
    /// Looks at the disk, unless the last look is fresh enough: whether the file of this representation is unchanged.
    pub fn is_current(&self, moment: Moment) -> bool {
        self.resource.is_current_at(self.at, moment)
    }

    /// The file as it is, in the place of this representation.
    pub fn plain(self) -> Selected {
        Selected { at: 0, ..self }
    }
}

impl Deref for Selected {
    type Target = Representation;

    #[inline]
    fn deref(&self) -> &Representation {
        self.resource.at(self.at)
    }
}

impl Description {
    /// The same with `count` bytes behind the last, which are the same bytes each time. The tag is another one, and there is no
    /// date: the date of the file is that of an answer without these bytes, too.
    pub fn followed_by(self, count: u64) -> Description {
        Description { length: self.length + count, suffix: Suffix::Followed, modified: None, ..self }
    }

    /// The validators: what tells this version from others.
    pub fn validators(&self) -> Validators {
        let suffix = match self.suffix {
            Suffix::None => "",
            Suffix::Gzip => "-gzip",
            Suffix::Decoded => "-decoded",
            Suffix::Followed => "-watch",
        };
        let opaque = Opaque::of_version(self.file_bytes, self.tag, suffix);
        Validators { etag: EntityTag { opaque, strength: self.strength }, modified: self.modified }
    }
}

impl Representation {
    fn new(
        Contents { stored, stamp, strength }: Contents,
        coding: Coding,
        content_type: ContentType,
        choice: Choice,
        now: SystemTime,
    ) -> Representation {
        let (tag, is_dated) = (stamp.tag(strength, now), stamp.modified(now).is_some());
        let (seen, suffix, audience) = (Seen::default(), Suffix::None, Audience::All);
        let ContentType { name: media_type, charset } = content_type;
        Representation {
            stamp,
            seen,
            tag,
            strength,
            suffix,
            is_dated,
            coding,
            audience,
            choice,
            media_type,
            charset,
            stored,
        }
    }

    /// Bytes that its content takes in memory.
    fn memory_bytes(&self) -> usize {
        match &self.stored {
            Stored::Whole(bytes) => bytes.len(),
            Stored::Large(_) => 0,
        }
    }

    /// The number of bytes.
    fn length(&self) -> u64 {
        match &self.stored {
            Stored::Whole(bytes) => bytes.len() as u64,
            Stored::Large(_) => self.stamp.bytes(),
        }
    }

    /// What the head of an answer says of this representation.
    #[inline]
    pub fn description(&self) -> Description {
        let Representation { stamp, tag, strength, suffix, coding, choice, .. } = *self;
        let content_type = ContentType { name: self.media_type, charset: self.charset };
        let modified = self.is_dated.then(|| stamp.modified_second());
        let (length, file_bytes) = (self.length(), stamp.bytes());
        Description { length, tag, strength, suffix, file_bytes, modified, content_type, coding, choice }
    }

    /// The tag of this version.
    pub fn etag(&self) -> EntityTag {
        self.description().validators().etag
    }

    /// The same bytes, described as their decompressed content with a `Content-Encoding`: the client decompresses them.
    fn decoded(&self, Inner { coding, content_type, audience }: Inner) -> Representation {
        let content_type = ContentType::of(content_type);
        self.recoded(Suffix::Decoded, coding, audience, content_type, self.stored.clone())
    }

    /// The same version in another coding.
    fn recoded(
        &self,
        suffix: Suffix,
        coding: Coding,
        audience: Audience,
        content_type: ContentType,
        stored: Stored,
    ) -> Representation {
        let ContentType { name: media_type, charset } = content_type;
        Representation { suffix, coding, audience, media_type, charset, stored, ..self.clone() }
    }
}
