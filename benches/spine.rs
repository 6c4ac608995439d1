//! What is computed for each account, over and over: no network, no disk.

use std::hint::black_box;
use std::sync::Arc;

use ad_directory::{AccountExpires, Controller, Dn, Filter, ObjectGuid};
use alm_core::engine::{MarkerKey, SagaMarker};
use alm_core::model::account::AccountStatus;
use alm_core::model::ids::{EngineId, InstanceId, SagaId, VaultId};
use alm_core::model::template::{EolAction, Reminders, Rotator, VaultPlace};
use alm_core::port::vault::SecretId;
use alm_core::rules::lifecycle::{Phase, options};
use alm_core::rules::reminders::Schedule;
use alm_core::saga::effect::{AccountSpec, Effect, EffectResult, Found};
use alm_core::saga::input::Input;
use alm_core::saga::plan::{Plan, ProvisionPlan};
use alm_core::saga::{Ending, Machine, Next};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use secretserver_client::request::prepare;
use secretserver_client::resource::secrets::{Create, NewSecret, Search, SearchFilter};
use secretserver_client::{FolderId, SecretTemplateId};
use uuid::Uuid;

const OU: &str = "OU=Service Accounts,OU=Servers,DC=corp,DC=example,DC=com";

fn at(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

fn rules(c: &mut Criterion) {
    let combinations: Vec<_> = EolAction::ALL
        .into_iter()
        .flat_map(|action| [Phase::B1, Phase::B2, Phase::A].map(|phase| (action, phase)))
        .flat_map(|(action, phase)| AccountStatus::ALL.map(|status| (action, phase, status)))
        .collect();
    let mut group = c.benchmark_group("rules");
    group.throughput(Throughput::Elements(combinations.len() as u64));
    group.bench_function("options, each combination once", |b| {
        b.iter(|| {
            for (action, phase, status) in &combinations {
                black_box(options(*action, *phase, *status, black_box(false), black_box(false)));
            }
        });
    });
    group.throughput(Throughput::Elements(1));
    let schedule =
        Schedule::new(Reminders::default(), at("2026-05-01T00:00:00Z"), at("2026-06-01T00:00:00Z"));
    let (last, now) = (at("2026-05-08T00:00:00Z"), at("2026-05-29T12:00:00Z"));
    group.bench_function("reminders due", |b| b.iter(|| schedule.due(black_box(Some(last)), black_box(now))));
    group.finish();
}

fn provision_plan() -> Plan {
    let group = |name: &str| format!("CN={name},{OU}").parse().expect("a DN");
    Plan::Provision(ProvisionPlan {
        place: Some(VaultPlace::new(VaultId::new(Uuid::from_u128(3)), "12", "6001")),
        secret_name: "svc-payroll.corp.example.com.0badcafe".to_owned(),
        account: AccountSpec {
            name: "svc-payroll".to_owned(),
            domain: "corp.example.com".to_owned(),
            ou: OU.parse().expect("a DN"),
            description: "runs the payroll".to_owned(),
            expires: AccountExpires::Never,
            password_never_expires: true,
            password_change_denied: false,
            attributes: [].into(),
            managed: None,
        },
        groups: vec![group("app-readers"), group("app-writers")],
        settle_ms: 10_000,
        rotator: Rotator::Engine,
    })
}

/// The journal of a provisioning in which everything works at once, made by the machine itself.
fn journal(plan: &Plan) -> Vec<Input> {
    let (mut machine, mut inputs, mut now) = (Machine::begin(plan), Vec::new(), at("2026-11-20T09:00:00Z"));
    loop {
        let effect = match machine.next() {
            Next::Run { effect, .. } => effect,
            Next::End(Ending::Done) => return inputs,
            other => panic!("the saga should go on, and said {other:?}"),
        };
        let mut found = Found::default();
        match &effect {
            Effect::Preflight { .. } => found.controller = Some(Controller::new("dc1.corp.example.com")),
            Effect::CreateSecret { .. } => found.secret = Some(SecretId::new("4711")),
            Effect::AddAccount { .. } => found.account = Some(ObjectGuid::new(Uuid::from_u128(7))),
            _ => {}
        }
        let engine = EngineId::new(Uuid::from_u128(9));
        for input in [
            Input::Started { effect: effect.name().to_owned(), engine, epoch: 1, at: now },
            Input::Finished { result: EffectResult::Done(found), at: now },
        ] {
            machine.apply(&input).expect("an input that fits");
            inputs.push(input);
        }
        now += SignedDuration::from_millis(20);
    }
}

fn saga(c: &mut Criterion) {
    let plan = provision_plan();
    let inputs = journal(&plan);
    let mut group = c.benchmark_group("saga");
    group.throughput(Throughput::Elements(inputs.len() as u64));
    group.bench_function("replay a provisioning", |b| {
        b.iter(|| Machine::replay(black_box(&plan), black_box(&inputs)).map(|machine| machine.next()));
    });
    group.finish();
}

fn marker(c: &mut Criterion) {
    let key = MarkerKey::new(vec![7; 32]).expect("a key");
    let marker = SagaMarker::new(InstanceId::new(Uuid::from_u128(1)), SagaId::new(Uuid::from_u128(2)), 0x1f);
    let text = marker.write(&key).expect("a marker").to_string();
    let mut group = c.benchmark_group("marker");
    group.bench_function("write", |b| b.iter(|| black_box(&marker).write(&key)));
    group.bench_function("read", |b| b.iter(|| SagaMarker::read(black_box(&text), &key)));
    group.finish();
}

fn directory(c: &mut Criterion) {
    let text = format!(r"CN=Payroll\, nightly,{OU}");
    let name: ad_directory::AttributeName = "sAMAccountName".parse().expect("an attribute");
    let class: ad_directory::AttributeName = "objectClass".parse().expect("an attribute");
    let mut group = c.benchmark_group("directory");
    group.bench_function("parse a DN", |b| b.iter(|| black_box(&text).parse::<Dn>()));
    group.bench_function("encode a filter", |b| {
        b.iter(|| {
            let name = Filter::equals(name.clone(), black_box("svc-payroll*)(cn=*"));
            Filter::all([Filter::equals(class.clone(), "user"), name]).to_string()
        });
    });
    group.finish();
}

fn vault(c: &mut Criterion) {
    let folder = FolderId::new(12).expect("a number");
    let template = SecretTemplateId::new(6001).expect("a number");
    let filter =
        Arc::new(SearchFilter::exact_name("svc-payroll.corp.example.com.0badcafe").in_folder(folder));
    let search = Search { filter, skip: 0, take: 60 };
    let create = Create(
        NewSecret::new("svc-payroll.corp.example.com.0badcafe", template)
            .folder(folder)
            .item("domain", "corp.example.com")
            .item("username", "svc-payroll")
            .item("password", "correct horse battery staple")
            .item("notes", "alm1:0:1:2:3"),
    );
    let mut group = c.benchmark_group("request_build");
    group.bench_function("search", |b| b.iter(|| prepare(black_box(&search)).map(|p| p.path_and_query())));
    group.bench_function("create", |b| b.iter(|| prepare(black_box(&create)).map(|p| p.body().len())));
    group.finish();
}

criterion_group!(benches, rules, saga, marker, directory, vault);
criterion_main!(benches);
