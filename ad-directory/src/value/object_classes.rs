//! objectClass: what an object is an instance of.

use std::{
    fmt, slice,
    sync::{Arc, LazyLock},
};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The values of `objectClass`, from the most general to the object's own: `top`, `person`, `organizationalPerson`, `user`.
///
/// Copies share them, since most objects of a directory have the same ones.
///
/// ```
/// # use ad_directory::ObjectClasses;
/// let classes = ObjectClasses::from_iter(["top", "person", "organizationalPerson", "user"]);
/// assert!(classes.contains("USER"));
/// assert_eq!(classes.iter().last(), Some("user"));
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct ObjectClasses(Arc<[String]>);

impl ObjectClasses {
    /// Those of every user account, which share them.
    pub(crate) fn of_accounts() -> Self {
        static SHARED: LazyLock<ObjectClasses> =
            LazyLock::new(|| ["top", "person", "organizationalPerson", "user"].into_iter().collect());
        SHARED.clone()
    }

    /// Whether it is one of them, without regard to case.
    pub fn contains(&self, class: &str) -> bool {
        self.iter().any(|have| have.eq_ignore_ascii_case(class))
    }

    /// All of them, as the directory gave them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + DoubleEndedIterator {
        self.0.iter().map(String::as_str)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Into<String>> FromIterator<T> for ObjectClasses {
    fn from_iter<I: IntoIterator<Item = T>>(classes: I) -> Self {
        Self(classes.into_iter().map(Into::into).collect())
    }
}

impl<'a> IntoIterator for &'a ObjectClasses {
    type Item = &'a String;
    type IntoIter = slice::Iter<'a, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Debug for ObjectClasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for ObjectClasses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for ObjectClasses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<String>::deserialize(deserializer).map(|classes| Self(classes.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::ObjectClasses;

    #[test]
    fn is_a_list_in_json() {
        let classes = ObjectClasses::from_iter(["top", "user"]);
        let json = serde_json::to_string(&classes).unwrap();
        assert_eq!(json, r#"["top","user"]"#);
        assert_eq!(serde_json::from_str::<ObjectClasses>(&json).unwrap(), classes);
        assert_eq!(format!("{classes:?}"), json.replace(',', ", "));
        assert!(ObjectClasses::default().is_empty() && !classes.contains("use") && classes.contains("Top"));
        assert_eq!((classes.len(), (&classes).into_iter().count()), (2, 2));
    }
}
