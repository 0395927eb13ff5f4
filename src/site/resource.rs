//! A file in all the codings it is there in: as it is, as its compressed neighbours (`.br`, `.zst`, `.gz`), and
//! as this server compressed it.

use super::freshness::Seen;
use super::root::{Entry, Opened, Root, Stamps};
use super::stamp::Stamp;
use super::{Compression, kind};
use crate::http::encoding::Coding;
use crate::http::response::Head;
use crate::http::validators::{Strength, Validators};
use crate::os::files::{read_ahead, stat};
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

/// Files up to this many bytes are read into memory and leave with their head in one write.
const WHOLE_BYTES_MAX: u64 = 64 << 10;

/// Text from so many bytes on is compressed: below, an answer fits one packet anyway.
const COMPRESSED_BYTES_MIN: u64 = 256;

/// And up to so many: above, it would take the loop too much of its time.
const COMPRESSED_BYTES_MAX: u64 = 1 << 20;

/// The neighbours that are looked for.
const NEIGHBOURS: [(Coding, &str); 3] = [(Coding::Brotli, "br"), (Coding::Zstd, "zst"), (Coding::Gzip, "gz")];

/// One version of a file and of its neighbours.
#[derive(Clone)]
pub struct Resource {
    /// When it was last seen as it is here.
    pub seen: Seen,
    /// The version of its folder when neighbours were looked for: one look at it tells that none came and none went.
    folder_stamp: Stamp,
    representations: Vec<Arc<Representation>>,
    /// Files that have the name of a neighbour and are none, too old or not to be read: they may become one where
    /// they stand, which does not show in the folder.
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
    /// Whether another client may get another coding.
    pub is_negotiated: bool,
    /// The media type of what is coded.
    pub content_type: Cow<'static, str>,
    /// What tells this version from others.
    pub validators: Validators,
    /// Its bytes.
    pub stored: Stored,
    /// Room for the head of its answer, as whoever answers has written it.
    pub head: OnceLock<Head>,
}

/// Where the bytes of a representation are.
#[derive(Clone)]
pub enum Stored {
    /// In memory, all of them.
    Whole(Arc<[u8]>),
    /// In a file; so many that they are better sent from there.
    Large {
        /// Open for reading.
        file: Arc<File>,
        /// Bytes.
        length: u64,
    },
}

impl Stored {
    /// Bytes.
    pub fn length(&self) -> u64 {
        match self {
            Stored::Whole(bytes) => bytes.len() as u64,
            Stored::Large { length, .. } => *length,
        }
    }
}

impl Resource {
    /// Reads the file that was opened under `name`, and what stands beside it.
    pub fn read(
        root: &Root,
        name: PathBuf,
        opened: Opened,
        compression: Compression,
        now: SystemTime,
    ) -> io::Result<Resource> {
        let folder_stamp = root.folder_stamp(&name)?;
        let content_type = kind::of(&name, &opened.file)?;
        let Neighbours { found: neighbours, passed_over } = Neighbours::of(root, &name, &opened.stamp);
        let is_compressible = compression == Compression::On
            && neighbours.iter().all(|(coding, ..)| *coding != Coding::Gzip)
            && (COMPRESSED_BYTES_MIN..=COMPRESSED_BYTES_MAX).contains(&opened.stamp.bytes())
            && kind::is_compressible(&content_type);
        let is_negotiated = is_compressible || !neighbours.is_empty();
        let files = std::iter::once((Coding::Identity, name, opened)).chain(neighbours);
        let representations = files.map(|(coding, name, opened)| {
            let content_type = content_type.clone();
            Representation::read(name, opened, coding, is_negotiated, content_type, now).map(Arc::new)
        });
        let representations = representations.collect::<io::Result<_>>()?;
        Ok(Resource {
            seen: Seen::default(),
            folder_stamp,
            representations,
            passed_over,
            is_ours_to_compress: is_compressible,
            is_compressible,
        })
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

    /// In this coding, if it is there.
    pub fn representation(&self, coding: Coding) -> Option<&Arc<Representation>> {
        self.representations.iter().find(|representation| representation.coding == coding)
    }

    /// The plain file, for a client that takes these codings and none that is there, where this server makes one of
    /// them. Without it the client would be refused now and answered a moment later, though no file changed.
    #[cold]
    pub fn stand_in(&self, codings: &[Coding]) -> Option<&Arc<Representation>> {
        (self.is_ours_to_compress && codings.contains(&Coding::Gzip)).then(|| self.identity())
    }

    /// Whether it would be worth compressing, and is not compressed yet.
    pub fn is_compressible(&self) -> bool {
        self.is_compressible
    }

    /// With what compressing it gave.
    pub fn with_gzip(&self, bytes: Vec<u8>) -> Resource {
        let identity = self.identity();
        let mut validators = identity.validators.clone();
        validators.etag.opaque.push_str("-gzip");
        let gzip = Representation {
            name: identity.name.clone(),
            stamp: identity.stamp,
            seen: identity.seen.clone(),
            coding: Coding::Gzip,
            is_negotiated: true,
            content_type: identity.content_type.clone(),
            validators,
            stored: Stored::Whole(bytes.into()),
            head: OnceLock::new(),
        };
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
        held.sum()
    }
}

/// Whether `name`, whose folder was looked at, is this version still.
fn is_stamped(root: &Root, name: &Path, stamp: &Stamp) -> bool {
    root.stamp_in_its_folder(name).is_ok_and(|now| now == *stamp)
}

/// What stands beside a file under the names of its neighbours.
#[derive(Default)]
struct Neighbours {
    /// Those that are not older than the file itself.
    found: Vec<(Coding, PathBuf, Opened)>,
    passed_over: Vec<(PathBuf, Stamp)>,
}

impl Neighbours {
    fn of(root: &Root, name: &Path, stamp: &Stamp) -> Neighbours {
        let mut neighbours = Neighbours::default();
        for (coding, extension) in NEIGHBOURS {
            let name = name.with_added_extension(extension);
            match root.entry(&name) {
                Ok(Entry::File(opened)) if opened.stamp.is_as_new_as(stamp) => {
                    neighbours.found.push((coding, name, opened));
                }
                Ok(Entry::File(opened)) => neighbours.passed_over.push((name, opened.stamp)),
                Ok(Entry::Folder | Entry::Other) => {}
                Err(_) => {
                    let stamp = root.stamp_in_its_folder(&name);
                    neighbours.passed_over.extend(stamp.map(|stamp| (name, stamp)));
                }
            }
        }
        neighbours
    }
}

impl Representation {
    fn read(
        name: PathBuf,
        Opened { file, stamp }: Opened,
        coding: Coding,
        is_negotiated: bool,
        content_type: Cow<'static, str>,
        now: SystemTime,
    ) -> io::Result<Representation> {
        let (stored, stamp, strength) = match stamp.bytes() > WHOLE_BYTES_MAX {
            true => {
                read_ahead(&file);
                let stored = Stored::Large { file: Arc::new(file), length: stamp.bytes() };
                (stored, stamp, stamp.strength(now))
            }
            false => {
                let mut bytes = Vec::with_capacity(stamp.bytes() as usize);
                (&file).take(WHOLE_BYTES_MAX).read_to_end(&mut bytes)?;
                let after = Stamp::from(stat(&file)?);
                let strength = if after == stamp { after.strength(now) } else { Strength::Weak };
                (Stored::Whole(bytes.into()), after, strength)
            }
        };
        let validators = stamp.validators(strength, now);
        let (seen, head) = Default::default();
        Ok(Representation {
            name,
            stamp,
            seen,
            coding,
            is_negotiated,
            content_type,
            validators,
            stored,
            head,
        })
    }
}
