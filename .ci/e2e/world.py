"""What the end-to-end scripts share: the programs under test, the systems they work on, and judges that are not our code.

The judges are OpenLDAP's ldapsearch, Samba's own samba-tool, and plain HTTP requests to the simulator. Run the scripts with
`.ci/samba-dc exec DIR -- .ci/e2e/NAME`, after `cargo test --workspace --all-features --no-run` has built the programs.
"""

import base64
import datetime
import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DISABLED = 0x2  # userAccountControl, ACCOUNTDISABLE
NEVER = (0, 0x7FFFFFFFFFFFFFFF)  # both mean "never" in accountExpires
# No run takes this long, not even one that waits for a lost reply; a script that hangs tells nobody anything.
PATIENCE = 180


# Part of each account's name, so that a script can run again on the same domain.
TOKEN = secrets.token_hex(2)


class Checks:
    """Prints PASS and FAIL lines and counts them."""

    def __init__(self, name):
        self.name, self.passed, self.failed = name, 0, 0

    def check(self, label, good, detail=""):
        if good:
            self.passed += 1
            print(f"PASS {label}", flush=True)
        else:
            self.failed += 1
            text = " ".join(str(detail).split())
            print(f"FAIL {label}" + (f": {text}" if text else ""), flush=True)
        return bool(good)

    def equal(self, label, found, wanted):
        return self.check(label, found == wanted, f"found {found!r}, wanted {wanted!r}")

    def end(self):
        print(f"{self.name}: {self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)


def program(name):
    """The path of a built example."""
    command = ["cargo", "metadata", "--no-deps", "--offline", "--format-version", "1"]
    answer = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    path = os.path.join(json.loads(answer.stdout)["target_directory"], "debug", "examples", name)
    if not os.path.exists(path):
        sys.exit(f"{path} is not there: build it with `cargo test --workspace --all-features --no-run`")
    return path


class Folder:
    """A folder for one script, gone at its end."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix="alm-e2e.")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.path, name)


class Simulator:
    """The simulator of Secret Server, as a process of its own, and its REST API as people with their own clients see it."""

    def __init__(self, *arguments):
        command = [program("secret_server_simulator"), *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"the simulator did not start (exit status {self.process.wait()})")
        self.seed = json.loads(line)
        self.url = self.seed["url"]
        self.tokens = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()

    def token(self, who):
        if who not in self.tokens:
            name, password = ("admin_username", "admin_password") if who == "admin" else ("username", "password")
            form = {"grant_type": "password", "username": self.seed[name], "password": self.seed[password]}
            request = urllib.request.Request(f"{self.url}/oauth2/token", urllib.parse.urlencode(form).encode())
            with urllib.request.urlopen(request, timeout=20) as answer:
                self.tokens[who] = json.load(answer)["access_token"]
        return self.tokens[who]

    def get(self, path, who="admin", **query):
        url = f"{self.url}/api/{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self.token(who)}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def secrets(self, text="", who="admin"):
        """All secrets that `who` sees whose name has `text` in it, deactivated ones too."""
        query = {"filter.searchText": text, "filter.includeInactive": "true", "take": 1000}
        answer = self.get("v1/secrets", who, **query)
        assert not answer["hasNext"], "the listing has more pages than this script reads"
        return answer["records"]

    def of_account(self, name):
        """The secrets of one account, which are called `{account}.{domain}.{saga}`, in any folder that anybody sees."""
        rows = {row["id"]: row for who in ("admin", "service") for row in self.secrets(f"{name}.", who)}
        return [row for row in rows.values() if row["name"].startswith(f"{name}.")]

    def active(self, name):
        return [row for row in self.of_account(name) if row["active"]]

    def field(self, secret, slug, who="admin"):
        return self.get(f"v1/secrets/{secret}/fields/{slug}", who, includeInactive="true")


class Domain:
    """The throw-away domain, seen by its administrator."""

    def __init__(self):
        try:
            e = os.environ
            self.url, self.base, self.ou, self.retired = (
                e["AD_TEST_LDAP_URL"], e["AD_TEST_BASE_DN"], e["AD_TEST_OU"], e["AD_TEST_RETIRED_OU"])
            self.group = f"CN={e['AD_TEST_GROUP']},{self.ou}"
            self.bind, self.password = e["AD_TEST_BIND"], e["AD_TEST_PASSWORD"]
            self.ca, self.other_ca = e["AD_TEST_CA_FILE"], e["AD_TEST_OTHER_CA_FILE"]
            self.admin, self.admin_password = e["AD_TEST_ADMIN"], e["AD_TEST_ADMIN_PASSWORD"]
        except KeyError as missing:
            sys.exit(f"{missing} is not set: run this with `.ci/samba-dc exec DIR -- …`")
        self.folder = os.path.dirname(os.path.dirname(self.ca))
        self.realm = self.admin.partition("@")[2]

    def _ldap(self, tool, *arguments, name, password, text=None):
        # Never on the command line, where everybody reads it.
        with tempfile.NamedTemporaryFile("w", prefix="alm-e2e.") as secret:
            secret.write(password)
            secret.flush()
            command = [tool, "-x", "-H", self.url, "-D", name, "-y", secret.name, "-o", "nettimeout=20", *arguments]
            environment = os.environ | {"LDAPTLS_CACERT": self.ca, "LDAPTLS_REQCERT": "demand"}
            return subprocess.run(command, env=environment, capture_output=True, text=True, input=text, timeout=60)

    def search(self, query, base=None, scope="sub", *attributes):
        """The entries that match, each a dict of attribute names in lower case to lists of texts."""
        arguments = ("-LLL", "-o", "ldif-wrap=no", "-b", base or self.base, "-s", scope, query, *attributes)
        answer = self._ldap("ldapsearch", *arguments, name=self.admin, password=self.admin_password)
        if answer.returncode == 32:  # noSuchObject
            return []
        if answer.returncode != 0:
            sys.exit(f"ldapsearch {query} failed: {answer.stderr.strip()}")
        entries, entry = [], {}
        for line in [*answer.stdout.splitlines(), ""]:
            if not line:
                if "dn" in entry:
                    entries.append(entry)
                entry = {}
            elif not line.startswith("#"):
                name, _, value = line.partition(":")
                value = base64.b64decode(value[2:]).decode(errors="surrogateescape") if value.startswith(":") else value[1:]
                entry.setdefault(name.lower(), []).append(value)
        return entries

    def by_guid(self, guid):
        found = self.search("(objectClass=user)", f"<GUID={guid}>", "base")
        return found[0] if found else None

    def by_name(self, name):
        """Everything that could be an account of this name, conflict objects and duplicates included."""
        forms = (f"sAMAccountName={name}", f"cn={name}", f"cn={name}\\0aCNF:*", f"userPrincipalName={name}@*")
        return self.search(f"(&(objectClass=user)(|{''.join(f'({form})' for form in forms)}))")

    def binds(self, name, password):
        """Whether a simple bind over LDAPS with this password succeeds; and what the server said."""
        # Samba does not know the operation of ldapwhoami; the domain's root can be read by whoever has signed in.
        arguments = ("-LLL", "-b", self.base, "-s", "base", "(objectClass=*)", "1.1")
        answer = self._ldap("ldapsearch", *arguments, name=f"{name}@{self.realm}", password=password)
        return answer.returncode == 0, " ".join((answer.stdout + answer.stderr).split())

    def tool(self, *arguments):
        """samba-tool on the controller's own database."""
        command = ["samba-tool", *arguments, "-s", f"{self.folder}/etc/smb.conf", "-H", f"{self.folder}/private/sam.ldb"]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=120)
        if answer.returncode != 0:
            sys.exit(f"samba-tool {' '.join(arguments[:2])} failed: {answer.stderr.strip()}")
        return answer.stdout

    def require_length(self, characters):
        """Sets the domain's least length of passwords. samba-tool itself sets no more than 14."""
        change = f"dn: {self.base}\nchangetype: modify\nreplace: minPwdLength\nminPwdLength: {characters}\n"
        answer = self._ldap("ldapmodify", name=self.admin, password=self.admin_password, text=change)
        if answer.returncode != 0:
            sys.exit(f"ldapmodify failed: {answer.stderr.strip()}")

    def dbcheck(self):
        """Whether Samba finds no error in its database, and its last line."""
        command = [os.path.join(ROOT, ".ci", "samba-dc"), "check", self.folder]
        # Of 20,000 accounts it takes many minutes.
        answer = subprocess.run(command, capture_output=True, text=True, timeout=1800)
        return answer.returncode == 0, (answer.stdout + answer.stderr).strip().splitlines()[-1:]


class Job:
    """One run of the main job on the real domain and the simulator."""

    def __init__(self, domain, simulator, folder):
        self.domain, self.simulator, self.folder = domain, simulator, folder
        self.program = program("lifecycle")

    def command(self, **options):
        """Its command line. An option that is given replaces the usual one; None leaves it out; True is a flag without a value."""
        d, seed = self.domain, self.simulator.seed
        flags = {
            "directory": d.url, "base_dn": d.base, "ou": d.ou, "retired_ou": d.retired, "group": d.group, "bind": d.bind,
            "bind_password_env": "E2E_BIND_PASSWORD", "ca_file": d.ca, "vault": self.simulator.url, "vault_user": seed["username"],
            "vault_password_env": "E2E_VAULT_PASSWORD", "vault_folder": seed["folder_id"], "vault_template": seed["template_id"],
            "json": True,
        } | options
        command = [self.program]
        for name, value in flags.items():
            if value is not None:
                command.append("--" + name.replace("_", "-"))
                if value is not True:
                    command.append(str(value))
        return command

    def environment(self, **changes):
        usual = {"E2E_BIND_PASSWORD": self.domain.password, "E2E_VAULT_PASSWORD": self.simulator.seed["password"]}
        return {k: v for k, v in (os.environ | usual | changes).items() if not k.startswith("AD_TEST_")}

    def run(self, environment=None, stderr=None, **options):
        """Runs it to its end."""
        with open(stderr or self.folder.file("stderr"), "w+") as errors:
            process = subprocess.run(self.command(**options), env=self.environment(**(environment or {})), text=True,
                                     stdout=subprocess.PIPE, stderr=errors, timeout=PATIENCE)
            errors.seek(0)
            return Run(process.returncode, process.stdout, errors.read())

    def start(self, environment=None, stderr=None, **options):
        """Starts it, to be killed."""
        with open(stderr or self.folder.file("stderr"), "w") as errors:
            return Running(subprocess.Popen(self.command(**options), env=self.environment(**(environment or {})),
                                            text=True, stdout=subprocess.PIPE, stderr=errors))


class Run:
    """How a run ended."""

    def __init__(self, code, stdout, stderr):
        self.code, self.stdout, self.stderr = code, stdout, stderr
        self.events, self.strange = [], []
        for line in stdout.splitlines():
            try:
                event = json.loads(line)
                assert "event" in event
                self.events.append(event)
            except (ValueError, AssertionError, TypeError):
                self.strange.append(line)

    @property
    def result(self):
        last = self.events[-1] if self.events else {}
        return last if last.get("event") == "result" else {}

    @property
    def accounts(self):
        return self.result.get("accounts", [])

    @property
    def audit_intact(self):
        return self.result.get("audit", {}).get("intact") is True

    def why(self):
        return f"exit status {self.code}; {self.stderr.strip()[-600:]}"


class Running:
    """A run whose events are read as they come."""

    def __init__(self, process):
        self.process, self.events, self._lines = process, [], queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _next(self, timeout):
        line = self._lines.get(timeout=timeout)
        if line is None:
            return None
        try:
            self.events.append(json.loads(line))
        except ValueError:
            self.events.append({"event": "strange", "line": line})
        return self.events[-1]

    def wait_for(self, wanted):
        """Reads until an event is as wanted. False when the run ended before."""
        ends = time.monotonic() + PATIENCE
        while (left := ends - time.monotonic()) > 0:
            try:
                event = self._next(left)
            except queue.Empty:
                break
            if event is None:
                return False
            if wanted(event):
                return True
        self.kill()
        sys.exit("the main job hangs")

    def kill(self):
        """Kills it, and reads what it had written until then. True when it was the signal that ended it."""
        self.process.send_signal(signal.SIGKILL)
        code = self.process.wait()
        self._reader.join(20)
        while self._next(20) is not None:
            pass
        return code == -signal.SIGKILL


def file_time(text):
    """An instant like 2027-02-18T00:00:00Z as accountExpires has it: 100 ns since 1601."""
    instant = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    epoch = datetime.datetime(1601, 1, 1, tzinfo=datetime.timezone.utc)
    return (instant - epoch) // datetime.timedelta(microseconds=1) * 10


def one(entry, attribute, default=""):
    return entry.get(attribute.lower(), [default])[0]


def disabled(entry):
    return bool(int(one(entry, "userAccountControl", "0")) & DISABLED)


def expires(entry):
    """accountExpires, with both ways to say "never" as None."""
    value = int(one(entry, "accountExpires", "0"))
    return None if value in NEVER else value


def parent(entry):
    return entry["dn"][0].partition(",")[2].lower()
