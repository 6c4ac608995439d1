//! What a controller says of itself: the root DSE.

use jiff::Timestamp;
use ldap3::Scope;
use uuid::Uuid;

use super::{call::Call, connection::Connection, entry::Entry, pool::Lease};
use crate::{Controller, Dn, ErrorKind, Filter, GeneralizedTime, Probe, Result, Vendor};

/// `LDAP_CAP_ACTIVE_DIRECTORY_OID` (MS-ADTS 3.1.1.3.4.3.1).
const ACTIVE_DIRECTORY: &str = "1.2.840.113556.1.4.800";

/// `LDAP_CAP_ACTIVE_DIRECTORY_PARTIAL_SECRETS_OID`: a read-only controller (MS-ADTS 3.1.1.3.4.3.6).
const READ_ONLY: &str = "1.2.840.113556.1.4.1920";

/// Whether it is a controller of Active Directory, and one that can be written to if it must. The root DSE can be read before the sign-in.
pub(super) async fn verify(call: &Call, connection: &mut Connection, changes: bool) -> Result<()> {
    let found = connection.search(call, "", Scope::Base, &anything()?, &["supportedCapabilities"]).await?;
    let root = found.and_then(|mut entries| entries.pop()).unwrap_or_default();
    let has = |capability: &str| root.texts("supportedcapabilities").any(|have| have == capability);
    let refuse = |reason: &'static str| Err(call.error(ErrorKind::Unsupported).with_reason(reason));
    if !has(ACTIVE_DIRECTORY) {
        return refuse("this is an LDAP server, but not Active Directory");
    }
    if changes && has(READ_ONLY) {
        return refuse("this controller is read-only");
    }
    Ok(())
}

pub(super) fn anything() -> Result<Filter> {
    Ok(Filter::present("objectClass".parse()?))
}

/// Where the forest keeps its configuration, and the controller's clock.
pub(super) struct Configuration {
    pub(super) context: Dn,
    pub(super) now: Timestamp,
}

pub(super) async fn configuration(call: &Call, lease: &mut Lease<'_>) -> Result<Configuration> {
    let root = read(call, lease, &["configurationNamingContext", "currentTime"]).await?;
    let broken =
        || call.error(ErrorKind::Protocol).with_reason("the root DSE names no configuration and no time");
    let context = root.text("configurationnamingcontext").and_then(|dn| dn.parse().ok());
    let now = root.text("currenttime").and_then(|time| time.parse().ok()).map(GeneralizedTime::timestamp);
    context.zip(now).map(|(context, now)| Configuration { context, now }).ok_or_else(broken)
}

/// The OIDs of the controls that the controller offers.
pub(super) async fn controls(call: &Call, lease: &mut Lease<'_>) -> Result<Vec<String>> {
    let root = read(call, lease, &["supportedControl"]).await?;
    Ok(root.texts("supportedcontrol").map(ToOwned::to_owned).collect())
}

async fn read(call: &Call, lease: &mut Lease<'_>, attributes: &[&str]) -> Result<Entry> {
    let found = lease.connection(call)?.search(call, "", Scope::Base, &anything()?, attributes).await?;
    let broken = || call.error(ErrorKind::Protocol).with_reason("the root DSE cannot be read");
    found.and_then(|mut entries| entries.pop()).ok_or_else(broken)
}

pub(super) async fn probe(call: &Call, lease: &mut Lease<'_>) -> Result<Probe> {
    let endpoint = lease.endpoint();
    let attributes = [
        "currentTime",
        "defaultNamingContext",
        "dnsHostName",
        "dsServiceName",
        "supportedCapabilities",
        "supportedControl",
        "vendorName",
    ];
    let broken =
        |reason: &'static str| call.error(ErrorKind::Protocol).with_subject(&endpoint).with_reason(reason);
    let connection = lease.connection(call)?;
    let found = connection.search(call, "", Scope::Base, &anything()?, &attributes).await?;
    let root =
        found.and_then(|mut entries| entries.pop()).ok_or_else(|| broken("the root DSE cannot be read"))?;
    if !root.texts("supportedcapabilities").any(|capability| capability == ACTIVE_DIRECTORY) {
        let error = call.error(ErrorKind::Unsupported).with_subject(&endpoint);
        return Err(error.with_reason("this is an LDAP server, but not Active Directory"));
    }
    let context = root.text("defaultnamingcontext").ok_or_else(|| broken("the root DSE names no domain"))?;
    let context: Dn = context.parse().map_err(|_| broken("the root DSE names no domain"))?;
    let mut controller = Controller::new(root.text("dnshostname").unwrap_or(&endpoint.host));
    if let Some(service) = root.text("dsservicename") {
        // CN=NTDS Settings,CN=DC1,CN=Servers,CN=Site,CN=Sites,…
        let dn = service.parse::<Dn>().ok();
        let site = dn.and_then(|dn| dn.parent()?.parent()?.parent());
        controller.site = site.map(|site| site.name().to_owned());
        let found = connection.search(call, service, Scope::Base, &anything()?, &["invocationId"]).await?;
        let settings = found.and_then(|mut entries| entries.pop());
        let bytes = settings.as_ref().and_then(|settings| settings.bytes("invocationid"));
        controller.invocation_id = bytes.and_then(|bytes| bytes.try_into().ok()).map(Uuid::from_bytes_le);
    }
    let samba = root.text("vendorname").is_some_and(|vendor| vendor.contains("Samba"));
    let mut probe =
        Probe::new(controller, context, if samba { Vendor::Samba } else { Vendor::ActiveDirectory });
    probe.time = root.text("currenttime").and_then(|time| time.parse().ok()).map(GeneralizedTime::timestamp);
    probe.supported_controls = root.texts("supportedcontrol").map(ToOwned::to_owned).collect();
    probe.supported_controls.sort();
    probe.supported_controls.dedup();
    Ok(probe)
}
