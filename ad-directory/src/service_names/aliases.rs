//! Which service classes a forest takes for others (MS-ADA3, `sPNMappings`).

/// What a forest is made with, on Windows and on Samba.
const USUAL: &str = "host=alerter,appmgmt,cisvc,clipsrv,browser,dhcp,dnscache,replicator,eventlog,eventsystem,policyagent,oakley,dmserver,\
    dns,mcsvc,fax,msiserver,ias,messenger,netlogon,netman,netdde,netddedsm,nmagent,plugplay,protectedstorage,rasman,rpclocator,rpc,rpcss,\
    remoteaccess,rsvp,samss,scardsvr,scesrv,seclogon,scm,dcom,cifs,spooler,snmp,schedule,tapisrv,trksvr,trkwks,ups,time,wins,www,http,\
    w3svc,iisadmin,msdtc";

/// Pairs of a class and those that it stands for, in lower case.
#[derive(Clone, Debug)]
pub(crate) struct ServiceAliases(Vec<(String, Vec<String>)>);

impl Default for ServiceAliases {
    fn default() -> Self {
        Self::read([USUAL])
    }
}

impl ServiceAliases {
    /// Values such as `host=cifs,http`; what is none is left out.
    pub(crate) fn read<I: AsRef<str>>(values: impl IntoIterator<Item = I>) -> Self {
        let pair = |value: &str| {
            let (class, others) = value.split_once('=')?;
            let lower = |text: &str| text.trim().to_lowercase();
            Some((lower(class), others.split(',').map(lower).collect()))
        };
        Self(values.into_iter().filter_map(|value| pair(value.as_ref())).collect())
    }

    /// The names whose owners answer for this service name as long as nobody has it.
    pub(crate) fn of(&self, name: &str) -> Vec<String> {
        let (class, rest) = name.split_once('/').unwrap_or((name, ""));
        let class = class.to_lowercase();
        let standing = self.0.iter().filter(|(_, others)| others.contains(&class));
        standing.map(|(class, _)| format!("{class}/{rest}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::ServiceAliases;

    #[test]
    fn a_host_answers_for_its_usual_services() {
        let usual = ServiceAliases::default();
        assert_eq!(usual.of("HTTP/web1.corp.example"), ["host/web1.corp.example"]);
        assert_eq!(usual.of("cifs/web1:445"), ["host/web1:445"]);
        for name in ["HOST/web1", "MSSQLSvc/web1:1433", "ldap/dc1"] {
            assert_eq!(usual.of(name), [""; 0], "{name}");
        }
    }

    #[test]
    fn a_forest_may_say_otherwise() {
        let own = ServiceAliases::read(["HOST= http , CIFS", "web=http", "nonsense"]);
        assert_eq!(own.of("http/a/b"), ["host/a/b", "web/a/b"]);
        assert_eq!(own.of("dns/a"), [""; 0]);
    }
}
