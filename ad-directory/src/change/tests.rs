use super::{AttributeValues, ChangeEvent, MemberName, MembersSeen, ObjectChange, ObjectKind, merged};
use crate::ObjectGuid;

fn change(id: u8, event: ChangeEvent, attributes: &[(&str, &str)]) -> ObjectChange {
    let guid = ObjectGuid::from_wire(&[id; 16]).unwrap();
    let mut change = ObjectChange::new(guid, format!("CN={id},DC=x").parse().unwrap(), event);
    for (name, value) in attributes {
        let values = if value.is_empty() { Vec::new() } else { vec![value.as_bytes().to_vec()] };
        change.attributes.insert(name.parse().unwrap(), AttributeValues::new(values));
    }
    change
}

fn member(name: &str) -> MemberName {
    MemberName::new(format!("CN={name},DC=x").parse().unwrap(), None)
}

#[test]
fn what_is_said_later_of_an_object_adds_to_what_was_said_before() {
    let mut moved = change(1, ChangeEvent::Changed, &[("description", "")]);
    moved.moved = true;
    let all = merged([
        change(1, ChangeEvent::Added, &[("description", "a"), ("cn", "n")]),
        change(2, ChangeEvent::Changed, &[]),
        moved,
        change(2, ChangeEvent::Deleted, &[]),
    ]);
    let [first, second] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!((first.event, first.moved, second.event), (ChangeEvent::Added, true, ChangeEvent::Deleted));
    assert_eq!((first.text("CN"), first.text("description")), (Some("n"), None));
    assert!(first.attributes[&"description".parse().unwrap()].is_empty());
}

#[test]
fn who_joins_and_leaves_again_has_left() {
    let delta = |joined: &[&str], left: &[&str]| {
        let names = |names: &[&str]| names.iter().map(|name| member(name)).collect();
        let mut change = change(1, ChangeEvent::Changed, &[]);
        change.members = MembersSeen::Changed { joined: names(joined), left: names(left) };
        change
    };
    let all = merged([delta(&["a", "b"], &["c"]), delta(&["c"], &["a"])]);
    let MembersSeen::Changed { joined, left } = &all[0].members else { panic!("{all:?}") };
    assert_eq!((joined, left), (&vec![member("b"), member("c")], &vec![member("a")]));
    let mut whole = change(1, ChangeEvent::Added, &[]);
    whole.members = MembersSeen::All(vec![member("a"), member("b")]);
    let all = merged([whole, delta(&["c"], &["a"])]);
    assert_eq!(all[0].members, MembersSeen::All(vec![member("b"), member("c")]));
}

#[test]
fn the_narrowest_class_says_what_it_is() {
    for (classes, kind) in [
        (&["top", "person", "user"][..], ObjectKind::Account),
        (&["user", "computer"], ObjectKind::Computer),
        (&["user", "computer", "MSDS-GroupManagedServiceAccount"], ObjectKind::ManagedAccount),
        (&["top", "group"], ObjectKind::Group),
        (&["organizationalUnit"], ObjectKind::Container),
        (&["contact"], ObjectKind::Other),
    ] {
        assert_eq!(ObjectKind::of(classes), kind);
    }
}
