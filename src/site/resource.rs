//! A file with all its representations: as it is, as its compressed neighbours, and as this server compressed it. This
//! file does not know requests or their fields.

use super::contents::{Contents, Stored};
use super::freshness::Seen;
use super::inner::{Asker, Audience, Inner};
use super::kind;
use super::neighbours::{Comparer, Neighbours, Unclear};
use super::policy::Compression;
use super::root::{Opened, Root, Stamps};
use super::stamp::Stamp;
use crate::http::encoding::Coding;
use crate::http::response::Head;
use crate::http::validators::{Strength, Validators};
use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::SystemTime;

/// The shortest text that is compressed, in bytes. A shorter answer fits one packet anyway.
const COMPRESSED_BYTES_MIN: u64 = 256;

/// The longest text that is compressed, in bytes. A longer one would take too much of the loop's time.
const COMPRESSED_BYTES_MAX: u64 = 1 << 20;

/// One version of a file and of its neighbours.
#[derive(Clone)]
pub struct Resource {
    /// When the file and its folder were last looked at and found unchanged.
    pub seen: Seen,
    /// The version of the folder when neighbours were looked for. While it is the same, no neighbour came or went.
    folder_stamp: Stamp,
    representations: Vec<Arc<Representation>>,
    /// Neighbours that must be compared with the file before they are used.
    unclear: Vec<Arc<Unclear>>,
    /// Neighbours that are not used, the unclear ones included. Such a file may become a copy when it is written anew,
    /// and then the stamp of the folder does not change; so each file is looked at.
    passed_over: Vec<(PathBuf, Stamp)>,
    /// Whether this server compresses the file. The gzip may not be ready yet, or may have no room in the cache.
    is_ours_to_compress: bool,
    is_compressible: bool,
}

/// A file in one coding.
pub struct Representation {
    /// The name of the file with these bytes, relative to the root.
    name: PathBuf,
    /// The version of this file.
    stamp: Stamp,
    /// When this file was last looked at and found unchanged.
    pub seen: Seen,
    /// The content coding.
    pub coding: Coding,
    /// Which requests get this representation.
    audience: Audience,
    /// What decides between this representation and others of the file.
    pub choice: Choice,
    /// The media type of the decoded content.
    pub content_type: Cow<'static, str>,
    /// The validators: what tells this version from others.
    pub validators: Validators,
    /// The bytes.
    pub stored: Stored,
    /// The head of the usual answer. The handler makes it for the first request, and uses it for later ones.
    pub head: OnceLock<Head>,
}

/// What decides which representation of a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Nothing: there is only one representation.
    None,
    /// The codings that the client accepts.
    Coding,
    /// The codings that the client accepts, and what in the client asks for the file, see [`Asker`].
    CodingAndAsker,
}

impl Resource {
    /// Reads the file that was opened under `name`, and looks for its neighbours.
    pub fn read(
        root: &Root,
        name: PathBuf,
        opened: Opened,
        compression: Compression,
        comparer: &Mutex<Comparer>,
        now: SystemTime,
    ) -> io::Result<Resource> {
        let folder_stamp = root.folder_stamp(&name)?;
        let original = Contents::read(opened, now)?;
        let inner = Inner::of(&name, &original.stored)?;
        let content_type = match inner {
            // The name gives the type of the decompressed content; this representation is the compressed file.
            Some(Inner { audience: Audience::All, .. }) => "application/gzip".into(),
            _ => kind::of(&name, &original.stored)?,
        };
        // What is in a file that is compressed by name is no other coding of the file.
        let Neighbours { found, unclear, passed_over } = match inner {
            Some(_) => Neighbours::default(),
            None => Neighbours::of(root, &name, &original, comparer, now)?,
        };
        let has_gzip = found.iter().any(|(coding, ..)| *coding == Coding::Gzip)
            || unclear.iter().any(|it| it.coding == Coding::Gzip);
        let is_compressible = compression == Compression::On
            && !has_gzip
            && inner.is_none()
            && (COMPRESSED_BYTES_MIN..=COMPRESSED_BYTES_MAX).contains(&original.stamp.bytes())
            && kind::is_compressible(&content_type);
        let choice = match &inner {
            Some(Inner { audience: Audience::Pages | Audience::Elements, .. }) => Choice::CodingAndAsker,
            None if !is_compressible && found.is_empty() && unclear.is_empty() => Choice::None,
            _ => Choice::Coding,
        };
        let mut resource = Resource {
            seen: Seen::default(),
            folder_stamp,
            representations: Vec::new(),
            unclear,
            passed_over,
            is_ours_to_compress: is_compressible,
            is_compressible,
        };
        let whole = Representation::new(name, original, Coding::Identity, content_type, choice, now);
        if let Some(inner) = inner {
            resource.representations.push(Arc::new(whole.decoded(inner)));
        }
        for (coding, name, contents) in found {
            let content_type = whole.content_type.clone();
            let neighbour = Representation::new(name, contents, coding, content_type, choice, now);
            resource.representations.push(Arc::new(neighbour));
        }
        resource.representations.insert(0, Arc::new(whole));
        Ok(resource)
    }

    /// Whether every later change will show in a stamp, so that the resource may be kept in the cache.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let is_strong = |it: &Arc<Representation>| it.validators.etag.strength == Strength::Strong;
        self.folder_stamp.is_settled(now)
            && self.representations.iter().all(is_strong)
            && self.passed_over.iter().all(|(_, stamp)| stamp.is_settled(now))
    }

    /// Looks at the disk: whether the file is unchanged, and its folder still has the same neighbours. `own` is the
    /// version of the root itself. A neighbour in use may have changed still: [`Resource::is_current_in`] tells that.
    pub fn is_current(&self, root: &Root, own: Stamp) -> bool {
        let identity = self.identity();
        let stamps = Stamps { folder: self.folder_stamp, file: identity.stamp };
        let is_same = |(name, before): &(PathBuf, Stamp)| is_stamped(root, name, before);
        root.stamps(&identity.name, own).is_ok_and(|now| now == stamps)
            && self.passed_over.iter().all(is_same)
    }

    /// Looks at the disk: whether the file of `representation` is unchanged. The caller knows already that the plain file
    /// is.
    pub fn is_current_in(&self, representation: &Representation, root: &Root) -> bool {
        let Representation { name, stamp, .. } = representation;
        *name == self.identity().name || is_stamped(root, name, stamp)
    }

    /// The representation without a coding: the file as it is.
    pub fn identity(&self) -> &Arc<Representation> {
        &self.representations[0]
    }

    /// The representation in `coding`, if there is one for `asker`.
    pub fn representation(&self, coding: Coding, asker: &dyn Fn() -> Asker) -> Option<&Arc<Representation>> {
        self.representations.iter().find(|it| it.coding == coding && it.audience.includes(asker))
    }

    /// The plain file, in place of a coding that may be ready soon, for a client that accepts `codings` and none that is
    /// there. Otherwise this client would get 406 now, and an answer a moment later, though no file changed.
    #[cold]
    pub fn stand_in(&self, codings: &[Coding]) -> Option<&Arc<Representation>> {
        let is_ours = self.is_ours_to_compress && codings.contains(&Coding::Gzip);
        let is_unclear = || self.unclear.iter().any(|it| codings.contains(&it.coding));
        (is_ours || is_unclear()).then(|| self.identity())
    }

    /// The neighbour in `coding`, if it must be compared with the file before it is used.
    pub fn unclear(&self, coding: Coding) -> Option<&Arc<Unclear>> {
        self.unclear.iter().find(|it| it.coding == coding)
    }

    /// Whether there may be more representations soon.
    pub fn may_gain(&self) -> bool {
        self.is_compressible || !self.unclear.is_empty()
    }

    /// Whether the file is worth compressing, and is not compressed yet.
    pub fn is_compressible(&self) -> bool {
        self.is_compressible
    }

    /// The same resource with a gzip representation, whose bytes are `bytes`.
    pub fn with_gzip(&self, bytes: Vec<u8>) -> Resource {
        let identity = self.identity();
        let (content_type, stored) = (identity.content_type.clone(), Stored::Whole(bytes.into()));
        let gzip = identity.recoded("-gzip", Coding::Gzip, Audience::All, content_type, stored);
        let mut resource = Resource { is_compressible: false, ..self.clone() };
        resource.representations.push(Arc::new(gzip));
        resource
    }

    /// The same resource without a gzip representation, and not to be compressed again: the file could not be read, or
    /// the cache has no room for the result.
    pub fn without_gzip(&self) -> Resource {
        let mut resource = Resource { is_compressible: false, ..self.clone() };
        resource.representations.retain(|representation| representation.coding != Coding::Gzip);
        resource
    }

    /// Bytes that the resource takes in memory, roughly.
    pub fn memory_bytes(&self) -> usize {
        const OVERHEAD: usize = 1 << 10;
        let stored = self.representations.iter().map(|representation| match &representation.stored {
            Stored::Whole(bytes) => OVERHEAD + bytes.len(),
            Stored::Large { .. } => OVERHEAD,
        });
        stored.sum()
    }

    /// Whether the resource holds files open.
    pub fn holds_files(&self) -> bool {
        self.held_bytes() > 0
    }

    /// Bytes on the disk that stay taken after the files are deleted, while the resource holds them open.
    pub fn held_bytes(&self) -> u64 {
        let held = self.representations.iter().map(|it| match it.stored {
            Stored::Whole(_) => 0,
            Stored::Large { length, .. } => length,
        });
        held.sum::<u64>() + self.unclear.iter().map(|it| it.bytes()).sum::<u64>()
    }
}

/// Looks at the disk: whether the file `name` still has this stamp. The caller has looked at its folder already.
fn is_stamped(root: &Root, name: &Path, stamp: &Stamp) -> bool {
    root.stamp_in_its_folder(name).is_ok_and(|now| now == *stamp)
}

impl Representation {
    fn new(
        name: PathBuf,
        Contents { stored, stamp, strength }: Contents,
        coding: Coding,
        content_type: Cow<'static, str>,
        choice: Choice,
        now: SystemTime,
    ) -> Representation {
        let validators = stamp.validators(strength, now);
        let (seen, head) = Default::default();
        let audience = Audience::All;
        Representation { name, stamp, seen, coding, audience, choice, content_type, validators, stored, head }
    }

    /// The same bytes, described as their decompressed content with a `Content-Encoding`: the client decompresses them.
    fn decoded(&self, Inner { coding, content_type, audience }: Inner) -> Representation {
        self.recoded("-decoded", coding, audience, content_type.into(), self.stored.clone())
    }

    /// The same version in another coding: its tag ends in `suffix`.
    fn recoded(
        &self,
        suffix: &str,
        coding: Coding,
        audience: Audience,
        content_type: Cow<'static, str>,
        stored: Stored,
    ) -> Representation {
        let Representation { stamp, choice, .. } = *self;
        let (name, seen, mut validators) = (self.name.clone(), self.seen.clone(), self.validators.clone());
        validators.etag.opaque.push_str(suffix);
        let head = OnceLock::new();
        Representation { name, stamp, seen, coding, audience, choice, content_type, validators, stored, head }
    }
}
