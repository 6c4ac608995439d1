//! Tags of accounts (O-7).

use alm_core::model::template::EolAction;
use alm_core::service::accounts::{DeleteAccount, DisableAccount};
use alm_core::service::tags::SetTags;

use super::rules::received;
use super::world::World;

#[tokio::test]
async fn o_7_accounts_are_found_by_their_tags() {
    let w = World::new().await;
    let template = w.template(EolAction::Review).await;
    let one = w.provisioned(template, "one").await;
    let two = w.provisioned(template, "two").await;
    w.execute(&w.requester, SetTags::new(one, ["PCI", "Gr\u{fc}n"])).await.unwrap();
    w.execute(&w.admin, SetTags::new(two, [" pci "])).await.unwrap();
    let tagged = async |tag: &str| {
        let found = w.alm.accounts_tagged(&w.admin, tag, None, 10).await.unwrap();
        found.into_iter().map(|account| account.name).collect::<Vec<_>>()
    };
    assert_eq!(tagged("pci").await.len(), 2);
    assert_eq!(tagged("GRU\u{308}N").await, ["svc-one"], "composed or not, in whatever case");
    assert_eq!(tagged("pc").await, [""; 0]);
    let page = w.alm.accounts_tagged(&w.admin, "PCI", None, 1).await.unwrap();
    let rest = w.alm.accounts_tagged(&w.admin, "PCI", Some(page[0].id), 10).await.unwrap();
    assert!(page.len() == 1 && rest.len() == 1 && rest[0].id != page[0].id);
    let tags: Vec<_> = w.view(one).await.account.tags.into_iter().collect();
    assert_eq!(tags, ["Gr\u{fc}n", "PCI"], "as they were written");
    // They replace those before, whatever is under way.
    w.execute(&w.requester, DisableAccount::new(one)).await.unwrap();
    w.execute(&w.requester, SetTags::new(one, ["new"])).await.unwrap();
    assert!(w.run().await.notes.is_empty());
    assert_eq!((tagged("pci").await.len(), tagged("new").await.len()), (1, 1));

    w.refused(&w.stranger, SetTags::new(one, ["x"]), "P-1").await;
    received(&w.alm.accounts_tagged(&w.requester, "pci", None, 1).await.unwrap_err(), "P-1");
    w.refused(&w.requester, SetTags::new(one, ["a", "A"]), "O-7").await;
    let error = w.refused(&w.requester, SetTags::new(one, ["", "two\nlines"]), "O-7").await;
    assert_eq!(error.refusals().len(), 2, "all at once");
    w.refused(&w.requester, SetTags::new(one, (0..21).map(|n| n.to_string())), "O-7").await;
    w.execute(&w.requester, DeleteAccount::new(two).confirmed()).await.unwrap();
    w.run().await;
    w.refused(&w.requester, SetTags::new(two, ["x"]), "I-4").await;
}
