#!/usr/bin/python3
"""Puts many accounts into a domain's own database, past LDAP, which takes 50 a second. Called by `.ci/samba-dc fill`; may run beside the controller.

    fill_domain.py SMB_CONF UNIT COUNT

Makes `many-000000` and so on below UNIT, each as a service account has it: names, a description, a marker, a service name. Those that are there stay.
"""

import sys
import time

import ldb
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

# One transaction for this many: a larger one gets slower with each account.
AT_ONCE = 250

conf, unit, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
lp = LoadParm()
lp.load(conf)
db = SamDB(url=lp.private_path("sam.ldb"), lp=lp, session_info=system_session(), flags=ldb.FLG_NOSYNC)
realm = lp.get("realm").lower()
try:
    db.add({"dn": unit, "objectClass": "organizationalUnit"})
except ldb.LdbError as error:
    if error.args[0] != ldb.ERR_ENTRY_ALREADY_EXISTS:
        raise
have = {str(entry["cn"]) for entry in db.search(unit, ldb.SCOPE_ONELEVEL, "(objectClass=user)", ["cn"])}
missing = [name for name in (f"many-{number:06}" for number in range(count)) if name not in have]
begin = time.time()
for start in range(0, len(missing), AT_ONCE):
    db.transaction_start()
    for name in missing[start : start + AT_ONCE]:
        db.add(
            {
                "dn": f"CN={name},{unit}",
                "objectClass": "user",
                "sAMAccountName": name,
                "userPrincipalName": f"{name}@{realm}",
                "userAccountControl": "66050",
                "description": f"service account {name}",
                "displayName": name,
                "adminDescription": f"alm:{name}",
                "servicePrincipalName": f"HTTP/{name}.{realm}",
            }
        )
    db.transaction_commit()
print(f"fill_domain: {len(missing)} accounts made, {len(have)} were there, {time.time() - begin:.0f} s")
