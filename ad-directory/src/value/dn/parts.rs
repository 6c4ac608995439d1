//! The parts of a distinguished name, in two pieces of memory for all of them: names are most of what a large directory in memory is made of.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
};

use super::super::{ParseError, fold};

pub(super) struct Parts {
    /// All attributes and values one behind the other, without escapes and separators.
    text: Box<str>,
    /// Where they are, from the lowest level up.
    places: Box<[Place]>,
}

/// Where the attribute of a pair begins, where its value begins, and where that ends.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    begin: u32,
    middle: u32,
    end: u32,
    /// Whether it belongs to the level of the pair before it: the rare `CN=a+OU=b`.
    joined: bool,
}

/// One level of a name.
#[derive(Clone, Copy)]
pub(super) struct Level<'a> {
    text: &'a str,
    places: &'a [Place],
}

/// An attribute and its value.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) attribute: &'a str,
    pub(super) value: &'a str,
}

impl Parts {
    pub(super) fn levels(&self) -> impl DoubleEndedIterator<Item = Level<'_>> {
        let levels = self.places.chunk_by(|_, next| next.joined);
        levels.map(|places| Level { text: &self.text, places })
    }

    pub(super) fn depth(&self) -> usize {
        self.places.iter().filter(|place| !place.joined).count()
    }

    /// Letter by letter the same.
    pub(super) fn is_written_as(&self, other: &Self) -> bool {
        self.text == other.text && self.places == other.places
    }

    /// Without the lowest level; `None` when nothing is left.
    pub(super) fn above(&self) -> Option<Self> {
        let first = self.places.iter().skip(1).position(|place| !place.joined)? + 1;
        let places = self.places.get(first..)?;
        let before = places.first()?.begin;
        let moved = |place: &Place| Place {
            begin: place.begin - before,
            middle: place.middle - before,
            end: place.end - before,
            joined: place.joined,
        };
        let text = self.text.get(usize::try_from(before).ok()?..)?.into();
        Some(Self { text, places: places.iter().map(moved).collect() })
    }
}

/// Puts levels together, the lowest first.
#[derive(Default)]
pub(super) struct PartsBuilder {
    text: String,
    places: Vec<Place>,
}

impl PartsBuilder {
    /// With room for the parts of a name that is written like this.
    pub(super) fn for_text(text: &str) -> Self {
        Self { text: String::with_capacity(text.len()), places: Vec::with_capacity(8) }
    }

    /// One more level, above those before.
    pub(super) fn level(&mut self, attribute: &str, value: &str) -> Result<(), ParseError> {
        self.put(attribute, value, false)
    }

    /// One more pair, in the level of the one before.
    pub(super) fn join(&mut self, attribute: &str, value: &str) -> Result<(), ParseError> {
        self.put(attribute, value, true)
    }

    /// All levels of another name above those before.
    pub(super) fn all_of(&mut self, parts: &Parts) -> Result<(), ParseError> {
        self.text.reserve_exact(parts.text.len());
        self.places.reserve_exact(parts.places.len());
        for level in parts.levels() {
            for (index, pair) in level.pairs().enumerate() {
                self.put(pair.attribute, pair.value, index > 0)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, attribute: &str, value: &str, joined: bool) -> Result<(), ParseError> {
        let here = |text: &str| {
            u32::try_from(text.len()).map_err(|_| ParseError::new("distinguished name", "it is too long"))
        };
        let begin = here(&self.text)?;
        self.text.push_str(attribute);
        let middle = here(&self.text)?;
        self.text.push_str(value);
        let end = here(&self.text)?;
        self.places.push(Place { begin, middle, end, joined });
        Ok(())
    }

    pub(super) fn finish(self) -> Parts {
        Parts { text: self.text.into(), places: self.places.into() }
    }
}

impl<'a> Level<'a> {
    pub(super) fn first(self) -> Pair<'a> {
        self.pairs().next().unwrap_or(Pair { attribute: "", value: "" })
    }

    fn pairs(self) -> impl Iterator<Item = Pair<'a>> {
        let piece = |from: u32, to: u32| {
            let range = usize::try_from(from).ok()?..usize::try_from(to).ok()?;
            self.text.get(range)
        };
        self.places.iter().map(move |place| Pair {
            attribute: piece(place.begin, place.middle).unwrap_or_default(),
            value: piece(place.middle, place.end).unwrap_or_default(),
        })
    }

    /// The pairs in one order, since `CN=a+OU=b` and `OU=b+CN=a` are the same; `None` when there is only one.
    fn sorted(self) -> Option<Vec<Pair<'a>>> {
        if self.places.len() < 2 {
            return None;
        }
        let mut pairs: Vec<_> = self.pairs().collect();
        pairs.sort();
        Some(pairs)
    }
}

impl Ord for Level<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.sorted(), other.sorted()) {
            (None, None) => self.first().cmp(&other.first()),
            (a, b) => {
                let pairs = |level: &Self, sorted: Option<_>| sorted.unwrap_or_else(|| vec![level.first()]);
                pairs(self, a).cmp(&pairs(other, b))
            }
        }
    }
}

impl Hash for Level<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self.sorted() {
            None => self.first().hash(state),
            Some(pairs) => {
                for pair in pairs {
                    pair.hash(state);
                }
            }
        }
    }
}

impl Ord for Pair<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let attribute = fold::cmp(self.attribute, other.attribute);
        attribute.then_with(|| fold::cmp(self.value, other.value))
    }
}

impl Hash for Pair<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        fold::hash(self.attribute, state);
        fold::hash(self.value, state);
    }
}

/// Equality and order by [`Ord`].
macro_rules! ordered {
    ($($type:ident),*) => {$(
        impl PartialEq for $type<'_> {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other) == Ordering::Equal
            }
        }

        impl Eq for $type<'_> {}

        impl PartialOrd for $type<'_> {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
    )*};
}

ordered!(Pair, Level);

impl fmt::Display for Level<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, pair) in self.pairs().enumerate() {
            if index > 0 {
                f.write_str("+")?;
            }
            pair.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Pair<'_> {
    /// RFC 4514, section 2.4; control characters as hex pairs too, since Active Directory shows them so (`\0ADEL:`).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.attribute)?;
        let last = self.value.chars().count().saturating_sub(1);
        for (index, c) in self.value.chars().enumerate() {
            match c {
                '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => write!(f, "\\{c}")?,
                '#' | ' ' if index == 0 => write!(f, "\\{c}")?,
                ' ' if index == last => write!(f, "\\{c}")?,
                c if c.is_control() => {
                    c.encode_utf8(&mut [0; 4]).bytes().try_for_each(|byte| write!(f, "\\{byte:02X}"))?;
                }
                c => write!(f, "{c}")?,
            }
        }
        Ok(())
    }
}
