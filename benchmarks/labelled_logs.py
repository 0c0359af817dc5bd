"""Log lines with the template that each was made from, in the manner of sixteen systems: for measuring how well lines are grouped.

The wordings imitate what such systems log, hard places included: names without digits, lists of changing length, sizes with
changing units, states, key=value. Nothing is copied from a data set. `corpus(system, lines, seed)` gives (text, label) pairs;
the same arguments give the same pairs. Weights fall off as 1/rank, so a few templates make most of the lines, as they do in life.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator

Random = random.Random
NAMES = [
    "root",
    "admin",
    "guest",
    "oracle",
    "test",
    "ftpuser",
    "webmaster",
    "nagios",
    "postgres",
    "backup",
    "git",
    "deploy",
    "cyrus",
    "news",
    "mysql",
    "anna",
    "pavel",
    "li",
]
WORDS = ["alpha", "birch", "cedar", "delta", "ember", "fjord", "grove", "haven", "inlet", "junco", "karst", "ledge"]
ZONES = ["example.com", "cs.example.edu", "static.example.net", "mail.example.org", "lab.corp.example.com"]
CLASSES = ["JobEvent", "TaskEvent", "TaskAttemptEvent", "SpeculatorEvent", "CommitterEvent", "LauncherEvent", "AllocatorEvent"]
STATES = ["NEW", "UNASSIGNED", "ASSIGNED", "RUNNING", "SUCCEEDED", "KILLED", "SCHEDULED", "COMMIT_PENDING", "FAIL_CONTAINER_CLEANUP"]


def host(r: Random) -> str:
    """A name of two to five labels, without digits."""
    return ".".join((*r.sample(WORDS, r.randint(1, 2)), r.choice(ZONES)))


def size(r: Random) -> str:
    """An amount of bytes in a unit that fits."""
    return r.choice((f"{r.randint(1, 900)}.0 B", f"{r.randint(1, 90)}.{r.randint(1, 9)} KB", f"{r.randint(1, 9)}.{r.randint(1, 9)} MB"))


FIELDS: dict[str, Callable[[Random], object]] = {
    "n": lambda r: r.randint(0, 90_000),
    "d": lambda r: r.randint(0, 9),
    "f": lambda r: f"{r.random() * 50:.3f}",
    "hex": lambda r: f"0x{r.getrandbits(32):08x}",
    "id": lambda r: f"{r.getrandbits(40):010x}7",
    "uuid": lambda r: f"{r.getrandbits(32):08x}-{r.getrandbits(16):04x}-4a{r.randint(10, 99)}-{r.getrandbits(48):012x}",
    "ip": lambda r: f"10.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}",
    "ipport": lambda r: f"10.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}:{r.randint(1024, 65535)}",
    "host": host,
    "ahost": lambda r: r.choice((host(r), FIELDS["ip"](r))),
    "user": lambda r: r.choice(NAMES),
    "word": lambda r: r.choice(WORDS),
    "path": lambda r: "/" + "/".join(r.sample(WORDS, r.randint(2, 4))),
    "file": lambda r: "/" + "/".join(r.sample(WORDS, 3)) + f"/part-{r.randint(0, 999):05d}",
    "blk": lambda r: f"blk_{r.choice(('', '-'))}{r.getrandbits(62)}",
    "blks": lambda r: " ".join(str(FIELDS["blk"](r)) for _ in range(r.randint(1, 6))),
    "ips": lambda r: ", ".join(str(FIELDS["ipport"](r)) for _ in range(r.randint(1, 3))),
    "att": lambda r: f"attempt_1700000000000_{r.randint(1, 99):04d}_m_{r.randint(0, 999):06d}_{r.randint(0, 3)}",
    "cls": lambda r: f"org.example.mapreduce.v2.app.{r.choice(WORDS)}.{r.choice(CLASSES)}",
    "state": lambda r: r.choice(STATES),
    "size": size,
    "bytes": lambda r: f"{r.randint(0, 1_000)} bytes" if r.random() < 0.4 else f"{r.randint(1_000, 90_000)} bytes ({r.randint(1, 88)}.{r.randint(0, 9)} KB)",
    "bool": lambda r: r.choice(("true", "false")),
    "dur": lambda r: r.choice(("<1 sec", f"00:{r.randint(1, 59):02d}", f"{r.randint(1, 9)}:{r.randint(10, 59)}")),
    "date": lambda r: (
        f"{r.choice(('Mon', 'Wed', 'Sat'))} {r.choice(('Jun', 'Jul'))} {r.randint(1, 30):2d} {r.randint(10, 23)}:{r.randint(10, 59)}:{r.randint(10, 59)} 2021"
    ),
    "action": lambda r: f"app.intent.action.{r.choice(('TICK', 'SCREEN_ON', 'SCREEN_OFF', 'USER_PRESENT', 'BATTERY'))}",
    "app": lambda r: f"com.example.{r.choice(WORDS)}.{r.choice(WORDS)}",
    "rack": lambda r: f"R{r.randint(0, 63):02d}-M{r.randint(0, 1)}-N{r.randint(0, 9)}-C:J{r.randint(2, 17):02d}",
    "mac": lambda r: ":".join(f"{r.getrandbits(8):02x}" for _ in range(6)),
    "onoff": lambda r: r.choice(("on", "off")),
    "hash": lambda r: "##".join(str(r.randint(1000, 9_000_000)) for _ in range(r.randint(4, 6))),
}

SYSTEMS: dict[str, str] = {
    "HDFS": """
PacketResponder {d} for block {blk} terminating
Received block {blk} of size {n} from /{ip}
Receiving block {blk} src: /{ipport} dest: /{ipport}
BLOCK* NameSystem.addStoredBlock: blockMap updated: {ipport} is added to {blk} size {n}
BLOCK* NameSystem.allocateBlock: {file}. {blk}
Deleting block {blk} file {file}/{blk}
BLOCK* NameSystem.delete: {blk} is added to invalidSet of {ipport}
Verification succeeded for {blk}
{ipport} Served block {blk} to /{ip}
{ipport}:Got exception while serving {blk} to /{ip}:
BLOCK* ask {ipport} to delete {blks}
{ipport} Starting thread to transfer block {blk} to {ips}
BLOCK* ask {ipport} to replicate {blk} to datanode(s) {ips}""",
    "Hadoop": """
{att} TaskAttempt Transitioned from {state} to {state}
Progress of TaskAttempt {att} is : {f}
Address change detected. Old: {host}/{ipport} New: {host}:{n}
Retrying connect to server: {host}/{ipport}. Already tried {d} time(s); retry policy is RetryFixedSleep(maxRetries=10, sleepTime=1000 MILLISECONDS)
Registering class {cls} for class {cls}
Failed to renew lease for [DFSClient_NONMAPREDUCE_{n}_1] for {n} seconds. Will retry shortly ...
Recalculating schedule, headroom=<memory:{n}, vCores:-{d}>
Reduce slow start threshold not met. completedMapsForReduceSlowstart {n}
Before Scheduling: PendingReds:{d} ScheduledMaps:{d} AssignedMaps:{d} HostLocal:{d}
After Scheduling: PendingReds:{d} ScheduledMaps:{d} AssignedMaps:{d} HostLocal:{d}
Assigned container container_{n}_01_{n} to {att}
Processing the event EventType: {state} for container container_{n}_01_{n} taskAttempt {att}
JVM with ID : jvm_{n}_m_{n} asked for a task
JVM with ID: jvm_{n}_m_{n} given task: {att}
ERROR IN CONTACTING RM.
Auth successful for job_{n}_{n} (auth:SIMPLE)""",
    "Spark": """
Found block rdd_{n}_{d} locally
Finished task {f} in stage {f} (TID {n}). {n} bytes result sent to driver
Running task {f} in stage {f} (TID {n})
Block broadcast_{n} stored as values in memory (estimated size {size}, free {size})
Block broadcast_{n}_piece0 stored as bytes in memory (estimated size {size}, free {size})
Started reading broadcast variable {n}
Reading broadcast variable {n} took {n} ms
Got assigned task {n}
Input split: hdfs://{ipport}{path}/part-{n}:{n}+{n}
Partition rdd_{n}_{d} not found, computing it
Times: total = {n}, boot = -{n}, init = {n}, finish = {d}
{word}.{word}.id is deprecated. Instead, use {word}.{word}.{word}.id
Successfully started service '{word}Executor' on port {n}.
Changing view acls to: {user},{user}
SecurityManager: authentication disabled; users with view permissions: Set({user}, {user}); users with modify permissions: Set({user}, {user})""",
    "Zookeeper": """
Received connection request /{ipport}
Notification time out: {n}
Interrupted while waiting for message on queue
Connection broken for id {n}, my id = {d}, error =
Send worker leaving thread
Interrupting SendWorker
Cannot open channel to {d} at election address /{ipport}
Closed socket connection for client /{ipport} which had sessionid {hex}
Closed socket connection for client /{ipport} (no session established for client)
Established session {hex} with negotiated timeout {n} for client /{ipport}
Expiring session {hex}, timeout of {n}ms exceeded
Client attempting to establish new session at /{ipport}
Notification: {d} (n.leader), {hex} (n.zxid), {hex} (n.round), LOOKING (n.state), {d} (n.sid)
Server environment:java.class.path={path}
Server environment:os.name={word}""",
    "BGL": """
generating core.{n}
instruction cache parity error corrected
{n} double-hummer alignment exceptions
CE sym {d}, at {hex}, mask {hex}
total of {d} ddr error(s) detected and corrected
iar {id} dear {id}
ciod: failed to read message prefix on control stream (CioStream socket to {ipport}
ciod: Error loading {path}: invalid or missing program image, No such file or directory
ciod: LOGIN chdir({path}) failed: No such file or directory
instruction address: {hex}
data address: {hex}
icache prefetch depth....................{d}
icache prefetch threshold................{d}
program interrupt: illegal instruction......{d}
program interrupt: trap instruction.........{d}
machine check enable..............{d}
idoproxydb hit ASSERT condition: ASSERT expression={d} Source file={file} Source line={n} Function={word}
{rack}: rts tree/torus link training failed: wanted: {word} got: {word}
Lustre mount FAILED : {rack} : point {path}""",
    "HPC": """
Component State Change: Component \\042{word}\\042 is in the unavailable state (HWID={n})
Fan speeds ( {n} {n} {n} {n} {n} {n} )
PSU status ( {onoff} {onoff} )
Temperature ({d}C) exceeds warning threshold
boot (command {n})
Link error on broadcast tree Interconnect-{d}T{d}{d}:{d}{d}:{d}
ClusterFileSystem: There is no server for ServerFileSystem domain storage{n}
ServerFileSystem: An ServerFileSystem domain panic has occurred on storage{n}
Targeting domains:node-D{d} and nodes:node-[{n}-{n}] child of command {n}
Command has completed successfully
not responding
node node-{n} has detected an available network connection on network {ip} via interface {word}
running running
Linkerror event interval expired""",
    "Thunderbird": """
session opened for user {user} by (uid={d})
session closed for user {user}
({user}) CMD ({path}/run-parts {path})
synchronized to {ip}, stratum {d}
DHCPDISCOVER from {mac} via eth{d}
DHCPOFFER on {ip} to {mac} via eth{d}: network is up
warning: unable to look up {path}: No such file or directory
Did not receive identification string from {ip}
Accepted publickey for {user} from ::ffff:{ip} port {n} ssh2
data_thread() got not answer from any [Datasource_A{d}] datasource
[KERNEL_IB][ib_mad_static_compute_base][mad_agent.c:{n}]Could not find a base
ACPI: LAPIC (acpi_id[{hex}] lapic_id[{hex}] enabled)
PCI: Setting latency timer of device {d}:{d}d.{d} to {n}
check pass; user unknown
connect from {host}[{ip}]""",
    "Windows": """
Session: {n}_{n} initialized by client {word}UpdateAgent.
Read out cached package applicability for package: Package_for_KB{n}~31bf38~amd64~~6.1.1.{d}, ApplicableState: {n}, CurrentState:{n}
Warning: Unrecognized packageExtended attribute.
Expecting attribute name [HRESULT = {hex} - E_MANIFEST_INVALID_ITEM]
Failed to get next element [HRESULT = {hex} - E_MANIFEST_INVALID_ITEM]
Loaded Servicing Stack v6.1.7601.{n} with Core: C:\\Windows\\{word}\\{word}_{n}\\core.dll
SQM: Initializing online with Windows opt-in: False
SQM: Cleaning up report files older than {d} days.
SQM: Queued {d} file(s) for upload with pattern: C:\\Windows\\{word}\\{word}\\*.sqm, flags: {hex}
Ending TrustedInstaller finalization.
{n} Creating NT transaction (seq {d}), objectname [{d}]"(null)"
{n}@{n}/{d}/{d}:{d}:{d}:{d}.{n} CSI Transaction @{hex} initialized for deployment engine [{hex}] with flags {n} and client id [{d}]"{n}"
Startup processing thread terminated normally""",
    "Linux": """
authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost={ahost}
authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost={ahost}  user={user}
session opened for user {user} by (uid={d})
session closed for user {user}
connection from {ip} ({host}) at {date}
ALERT exited abnormally with [{d}]
check pass; user unknown
ANONYMOUS FTP LOGIN FROM {ip}, (anonymous)
Authentication failed from {ip} ({ip}): Permission denied in replay cache code
getpeername (ftpd): Transport endpoint is not connected
{word} startup succeeded
{word} shutdown succeeded
Kerberos authentication failed
CPU {d}: L2 Cache: {n}K (64 bytes/line)
Memory: {n}k/{n}k available ({n}k kernel code, {n}k reserved)
audit({n}.{n}:{d}): initialized""",
    "Android": """
acquire lock={n}, flags={hex}, tag="{word} Lock", name={app}, ws=null, uid={n}, pid={n}
release:lock={n}, flg={hex}, tag="*{word}*", name={word}, ws=WorkSource{{{n}}}, uid={n}
ready={bool},policy={d},wakefulness={d},wksummary={hex},uasummary={hex},bootcompleted={bool}
animateCollapsePanels:flags={d}, force={bool}, delayed={bool}, mExpandedVisible={bool}
setSystemUiVisibility vis={n} mask={d} oldVal={n} newVal={n} diff={d} stackBounds=Rect({d}, {d} - {n}, {n})
cancelNotificationLocked called, pkg: {app}
Skipping AppWindowToken{{{id} token=Token{{{id} ActivityRecord{{{id} u0 {app}/.{word}.MainActivity t{n}}}}}}} -- going to hide
startAnimation begin
startAnimation end
updateInputWindowsLw: modal={bool} window={id}
getTasks: caller {n} does not hold REAL_GET_TASKS; limiting output
interceptKeyTq keycode={n} interactive={bool} keyguardActive={bool} policyFlags={hex}
onReceive: action={action} extras={d}
Displayed {app}/.{word}Activity: +{n}ms
computeScreenConfigurationLocked() Enter {{{f} {n}mcc{n}mnc}}""",
    "HealthApp": """
onStandStepChanged {n}
onExtend:{n} {d} {d} {d}
calculateCaloriesWithCache totalCalories={n}
calculateAltitudeWithCache totalAltitude={d}
getTodayTotalDetailSteps = {hash}
setTodayTotalDetailSteps={hash}
REPORT : {n} {n} {n} {n}
processHandleBroadcastAction action:{action}
onReceive action: {action}
flush sensor data
insertHiHealthData() bulkSaveDetailHiHealthData fail errorCode = {d},errorMessage = ERR_DATA_INSERT
aggregateAndUpload retry {d}
upLoadHealthData start type:{n}
isScreenOn true
isScreenOn false
new date =  {n}, type={n},{f},old={f}""",
    "Apache": """
workerEnv.init() ok {path}/workers2.properties
mod_jk child workerEnv in error state {d}
jk2_init() Found child {n} in scoreboard slot {d}
[client {ip}] Directory index forbidden by rule: {path}/
jk2_init() Can't find child {n} in scoreboard
mod_jk child init {d} -2
[client {ip}] File does not exist: {path}
caught SIGTERM, shutting down""",
    "Proxifier": """
{host}:{n} close, {bytes} sent, {bytes} received, lifetime {dur}
{host}:{n} open through proxy {host}:{n} HTTPS
{host}:{n} error : Could not connect through proxy {host}:{n} - Proxy server cannot establish a connection with the target, status code {n}
{host}:{n} error : A connection request was canceled before the completion.
open through proxy {host}:{n} SOCKS5""",
    "OpenSSH": """
Failed password for {user} from {ip} port {n} ssh2
Failed password for invalid user {user} from {ip} port {n} ssh2
Invalid user {user} from {ip}
input_userauth_request: invalid user {user} [preauth]
reverse mapping checking getaddrinfo for {host} [{ip}] failed - POSSIBLE BREAK-IN ATTEMPT!
pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ahost}
pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost={ahost}  user={user}
pam_unix(sshd:auth): check pass; user unknown
Received disconnect from {ip}: {d}: Bye Bye [preauth]
Received disconnect from {ip}: {d}: Closed due to user request. [preauth]
Connection closed by {ip} [preauth]
PAM {d} more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost={ahost}
Disconnecting: Too many authentication failures for {user} [preauth]
message repeated {d} times: [ Failed password for {user} from {ip} port {n} ssh2]
Did not receive identification string from {ip}
Accepted password for {user} from {ip} port {n} ssh2""",
    "OpenStack": """
{ip} "GET /v2/{id}/servers/detail HTTP/1.1" status: {n} len: {n} time: {f}
{ip} "POST /v2/{id}/os-server-external-events HTTP/1.1" status: {n} len: {n} time: {f}
{ip} "DELETE /v2/{id}/servers/{uuid} HTTP/1.1" status: {n} len: {n} time: {f}
[instance: {uuid}] VM Started (Lifecycle Event)
[instance: {uuid}] VM Paused (Lifecycle Event)
[instance: {uuid}] VM Resumed (Lifecycle Event)
[instance: {uuid}] Terminating instance
[instance: {uuid}] Deleting instance files {path}/{uuid}_del
[instance: {uuid}] Took {f} seconds to spawn the instance on the hypervisor.
[instance: {uuid}] Total memory: {n} MB, used: {f} MB
[instance: {uuid}] memory limit: {f} MB, free: {f} MB
image {uuid} at ({path}/{id}): checking
image {uuid} at ({path}/{id}): in use: on this node {d} local, {d} on other nodes sharing this instance storage
Active base files: {path}/{id}
Creating event network-vif-plugged:{uuid} for instance {uuid}""",
    "Mac": """
ARPT: {n}.{n}: AirPort_Brcm::syncPowerState: WWEN[enabled]
ARPT: {n}.{n}: wl0: wl_update_tcpkeep_seq: Original Seq: {n}, Ack: {n}, Win size: {n}
{app}.daily: scheduler_evaluate_activity told me to run this job; however, but the start time is not for {n} seconds.  Ignoring.
IOThunderboltSwitch<{d}>({hex})::listenerCallback - Thunderbolt HPD packet for route = {hex} port = {n} unplug = {d}
RTC: PowerByCalendarDate setting ignored
Previous sleep cause: {d}
en{d}: channel changed to {n}
AirPort: Link Down on awdl{d}. Reason {d} (Unspecified).
[{d}:{d}:{n}] Wake reason: {word} (Maintenance)
{word}[{n}]: Error Domain={app} Code=-{n} "{word} {word}" UserInfo={{{word}={n}}}
Unexpected payload found for message {n}, dataLen {d}
<<<< Boss >>>> figPlaybackBossPrerollCompleted: unexpected preroll-complete notification
Sandbox: {app}({n}) deny({d}) mach-lookup {app}
hostname set to {word}-{word}.local
Captive: [CNInfoNetworkActive:{n}] en{d}: SSID '{word}' making interface primary (cache indicates network not captive)""",
}


def corpus(system: str, lines: int = 2_000, seed: int = 1) -> Iterator[tuple[str, int]]:
    """(text, label) pairs of one system, in random order."""
    wordings = SYSTEMS[system].strip("\n").split("\n")
    r = Random(f"{system} {seed}")
    weights = [1 / (rank + 1) for rank in range(len(wordings))]
    for label in r.choices(range(len(wordings)), weights, k=lines):
        yield filled(wordings[label], r), label


def filled(wording: str, r: Random) -> str:
    """`wording` with its fields drawn; doubled braces stand for themselves."""
    text = wording.replace("{{", "\x02").replace("}}", "\x03")
    text = re.sub(r"\{(\w+)\}", lambda m: str(FIELDS[m[1]](r)), text)
    return text.replace("\x02", "{").replace("\x03", "}")


def grouping_accuracy(groups: list[int], labels: list[int]) -> float:
    """The share of lines whose group holds exactly the lines of its label."""
    members: dict[int, set[int]] = {}
    wanted: dict[int, set[int]] = {}
    for line, (group, label) in enumerate(zip(groups, labels, strict=True)):
        members.setdefault(group, set()).add(line)
        wanted.setdefault(label, set()).add(line)
    sets = {frozenset(lines) for lines in wanted.values()}
    return sum(len(lines) for lines in members.values() if frozenset(lines) in sets) / len(labels)


if __name__ == "__main__":
    from grouping import main

    main()
