//! A file in all the codings it is there in: as it is, as its compressed neighbours, and as this server compressed it.

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

/// Text from so many bytes on is compressed: below, an answer fits one packet anyway.
const COMPRESSED_BYTES_MIN: u64 = 256;

/// And up to so many: above, it would take the loop too much of its time.
const COMPRESSED_BYTES_MAX: u64 = 1 << 20;

/// One version of a file and of its neighbours.
#[derive(Clone)]
pub struct Resource {
    /// When it was last seen as it is here.
    pub seen: Seen,
    /// The version of its folder when neighbours were looked for: one look at it tells that none came and none went.
    folder_stamp: Stamp,
    representations: Vec<Arc<Representation>>,
    /// Neighbours that have to be compared with the file before they are used.
    unclear: Vec<Arc<Unclear>>,
    /// Files that have the name of a neighbour and are not used, the unclear ones among them: they may become copies
    /// where they stand, which does not show in the folder.
    passed_over: Vec<(PathBuf, Stamp)>,
    /// Whether this server compresses the file. Its gzip may not be there yet, or may have no room in memory.
    is_ours_to_compress: bool,
    is_compressible: bool,
}

/// A file in one coding.
pub struct Representation {
    /// Below the root.
    name: PathBuf,
    /// Its version.
    stamp: Stamp,
    /// When it was last seen in that version.
    pub seen: Seen,
    /// How it is coded.
    pub coding: Coding,
    /// Which requests are answered with it.
    audience: Audience,
    /// What else may be sent to another client.
    pub choice: Choice,
    /// The media type of what is coded.
    pub content_type: Cow<'static, str>,
    /// What tells this version from others.
    pub validators: Validators,
    /// Its bytes.
    pub stored: Stored,
    /// Room for the head of its answer, as whoever answers has written it.
    pub head: OnceLock<Head>,
}

/// What decides which representation of a file is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Nothing: there is one.
    None,
    /// Which codings the client takes.
    Coding,
    /// That, and what asks for the file, see [`Asker`].
    CodingAndAsker,
}

impl Resource {
    /// Reads the file that was opened under `name`, and what stands beside it.
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
            // The name says what is in it, and this representation is the file as it is.
            Some(Inner { audience: Audience::All, .. }) => "application/gzip".into(),
            _ => kind::of(&name, &original.stored)?,
        };
        let Neighbours { found, unclear, passed_over } =
            Neighbours::of(root, &name, &original, comparer, now)?;
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

    /// Whether it will be known when any of this changes, so that it may be kept.
    pub fn is_settled(&self, now: SystemTime) -> bool {
        let is_strong = |it: &Arc<Representation>| it.validators.etag.strength == Strength::Strong;
        self.folder_stamp.is_settled(now)
            && self.representations.iter().all(is_strong)
            && self.passed_over.iter().all(|(_, stamp)| stamp.is_settled(now))
    }

    /// Whether the file is this version still, and has these neighbours still, in a root whose own version is `own`.
    /// Those may have been written anew: [`Resource::is_current_in`] tells.
    pub fn is_current(&self, root: &Root, own: Stamp) -> bool {
        let identity = self.identity();
        let stamps = Stamps { folder: self.folder_stamp, file: identity.stamp };
        let is_same = |(name, before): &(PathBuf, Stamp)| is_stamped(root, name, before);
        root.stamps(&identity.name, own).is_ok_and(|now| now == stamps)
            && self.passed_over.iter().all(is_same)
    }

    /// Whether one of its representations is this version still, where it is known that the file itself is.
    pub fn is_current_in(&self, representation: &Representation, root: &Root) -> bool {
        let Representation { name, stamp, .. } = representation;
        *name == self.identity().name || is_stamped(root, name, stamp)
    }

    /// As it is.
    pub fn identity(&self) -> &Arc<Representation> {
        &self.representations[0]
    }

    /// In this coding, if it is there for `asker`.
    pub fn representation(&self, coding: Coding, asker: &dyn Fn() -> Asker) -> Option<&Arc<Representation>> {
        self.representations.iter().find(|it| it.coding == coding && it.audience.includes(asker))
    }

    /// The plain file, for a client that takes these codings and none that is there, where one of them may be there
    /// soon. Without it the client would be refused now and answered a moment later, though no file changed.
    #[cold]
    pub fn stand_in(&self, codings: &[Coding]) -> Option<&Arc<Representation>> {
        let is_ours = self.is_ours_to_compress && codings.contains(&Coding::Gzip);
        let is_unclear = || self.unclear.iter().any(|it| codings.contains(&it.coding));
        (is_ours || is_unclear()).then(|| self.identity())
    }

    /// The neighbour in this coding, if it has to be compared with the file before it is used.
    pub fn unclear(&self, coding: Coding) -> Option<&Arc<Unclear>> {
        self.unclear.iter().find(|it| it.coding == coding)
    }

    /// Whether there may be more codings of it soon.
    pub fn may_gain(&self) -> bool {
        self.is_compressible || !self.unclear.is_empty()
    }

    /// Whether it would be worth compressing, and is not compressed yet.
    pub fn is_compressible(&self) -> bool {
        self.is_compressible
    }

    /// With what compressing it gave.
    pub fn with_gzip(&self, bytes: Vec<u8>) -> Resource {
        let identity = self.identity();
        let (content_type, stored) = (identity.content_type.clone(), Stored::Whole(bytes.into()));
        let gzip = identity.recoded("-gzip", Coding::Gzip, Audience::All, content_type, stored);
        let mut resource = Resource { is_compressible: false, ..self.clone() };
        resource.representations.push(Arc::new(gzip));
        resource
    }

    /// Without that: it cannot be compressed, or there is no room for what that gives.
    pub fn without_gzip(&self) -> Resource {
        let mut resource = Resource { is_compressible: false, ..self.clone() };
        resource.representations.retain(|representation| representation.coding != Coding::Gzip);
        resource
    }

    /// Bytes it takes in memory, near enough.
    pub fn memory_bytes(&self) -> usize {
        const OVERHEAD: usize = 1 << 10;
        let stored = self.representations.iter().map(|representation| match &representation.stored {
            Stored::Whole(bytes) => OVERHEAD + bytes.len(),
            Stored::Large { .. } => OVERHEAD,
        });
        stored.sum()
    }

    /// Whether it holds files open.
    pub fn holds_files(&self) -> bool {
        self.held_bytes() > 0
    }

    /// Bytes on the disk that a deletion does not set free while this is kept.
    pub fn held_bytes(&self) -> u64 {
        let held = self.representations.iter().map(|it| match it.stored {
            Stored::Whole(_) => 0,
            Stored::Large { length, .. } => length,
        });
        held.sum::<u64>() + self.unclear.iter().map(|it| it.bytes()).sum::<u64>()
    }
}

/// Whether `name`, whose folder was looked at, is this version still.
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

    /// The same bytes as what is in them, which the client decompresses.
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
