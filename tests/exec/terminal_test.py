"""`lifoguard exec` on a terminal: terminal_test.py PROGRAM. An interactive shell on a terminal of its own starts commands
with and without it; what the user types must mean the same (R8)."""
import os, pty, re, select, sys, tempfile, time

program = os.path.realpath(sys.argv[1])
work = tempfile.mkdtemp()
os.mkdir(work + "/bin")
os.symlink(program, work + "/bin/lifoguard")
pid, terminal = pty.fork()
if pid == 0:
    env = {k: v for k, v in os.environ.items() if not k.startswith("LIFOGUARD_") and k != "KEEP"}
    env.update(PATH=work + "/bin:" + env["PATH"], XDG_STATE_HOME=work, PS1="$ ", TERM="dumb", HOME=work)
    os.chdir(work)
    os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], env)

seen = ""


def expect(pattern, seconds=60):
    """Reads until the pattern comes; what is behind it stays for the next one."""
    global seen
    deadline = time.monotonic() + seconds
    while True:
        found = re.search(pattern, seen)
        if found:
            seen = seen[found.end():]
            return found
        if time.monotonic() > deadline:
            sys.exit(f"not seen within {seconds} s: {pattern!r}; but: {seen!r}")
        if select.select([terminal], [], [], 1)[0]:
            seen += os.read(terminal, 65536).decode(errors="replace").replace("\r", "")


def type_line(text):
    os.write(terminal, (text + "\n").encode())


# What is typed is echoed, so what is expected is written in another way than it is typed.
type_line("lifoguard exec bash -c 'lifoguard defer echo CL''EAN1; read line; echo \"got:$line\"'")
type_line("typed")
expect("got:typed\n")
expect("CLEAN1\n")

type_line("lifoguard exec bash -c 'lifoguard defer echo CL''EAN2; echo U''P2; sleep 471'")
expect("UP2\n")
os.write(terminal, b"\x03")
expect("CLEAN2\n")
type_line("echo status''=$?")
expect("status=130\n")

# A command that takes Ctrl-C for something else goes on.
type_line("lifoguard exec bash -c 'trap \"echo cau\"\"ght\" INT; echo U''P3; read line; echo \"then:$line\"; read line; echo \"then:$line\"'")
expect("UP3\n")
os.write(terminal, b"\x03")
expect("caught\n")
type_line("more")
expect("then:.*\n")

# Ctrl-Z gives the terminal back to the shell; fg lets the command have it again.
type_line("")
type_line("lifoguard exec bash -c 'lifoguard defer echo CL''EAN4; echo U''P4; read line; echo \"again:$line\"'")
expect("UP4\n")
os.write(terminal, b"\x1a")
expect("Stopped")
type_line("echo in the sh''ell")
expect("in the shell\n")
type_line("fg")
type_line("after")
expect("again:after\n")
expect("CLEAN4\n")

# The shell is given the terminal when the command has stopped, and not before.
with open(work + "/late.py", "w") as file:
    file.write("""import os, signal, time
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTSTP])
print("UP6", flush=True)
signal.sigwait([signal.SIGTSTP])
time.sleep(0.2)
print("LATE", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
print("BACK", flush=True)
""")
type_line(f"lifoguard exec {sys.executable} late.py")
expect("UP6\n")
os.write(terminal, b"\x1a")
expect("LATE\n")
expect("Stopped")
type_line("fg")
expect("BACK\n")

# A job in the background that is brought to the foreground can read.
type_line("lifoguard exec bash -c 'read line; echo \"fore:$line\"' &")
expect(r"\[1\] \d+")
type_line("fg")
expect("lifoguard exec")
type_line("ground")
expect("fore:ground\n")

# In a pipeline nobody takes the terminal away from the others.
type_line("lifoguard exec seq 3 | bash -c 'cat; read line </dev/tty; echo \"tty:$line\"'")
expect("1\n2\n3\n")
type_line("mine")
expect("tty:mine\n")

# A cleanup may set the terminal.
type_line("lifoguard exec bash -c 'lifoguard defer stty \"$(stty -g)\"; stty -echo'; stty | grep -c -- -echo' '; echo end''5")
expect("end5\n")

type_line("exit")
os.waitpid(pid, 0)

# Of a terminal that goes away, the kernel tells the leader of the session only. If that is lifoguard, the command hears of it all the same, at
# once: its grace period is far away.
os.environ.update(PATH=work + "/bin:" + os.environ["PATH"], XDG_STATE_HOME=work)
for name in "LIFOGUARD_RUN", "LIFOGUARD_STATE", "KEEP":
    os.environ.pop(name, None)
WAIT = "trap 'echo hung up >>log; exit 3' HUP; touch up; while :; do sleep 0.01; done"
for before, cleaned in (["exec", "--grace", "10h"], "cleaned"), (["with", "--timeout", "10h"], ""):
    os.chdir(tempfile.mkdtemp(dir=work))
    pid, terminal = pty.fork()
    if pid == 0:
        register = "lifoguard defer sh -c 'echo cleaned >>log'; " if cleaned else ""
        os.execvp("lifoguard", ["lifoguard", *before, "bash", "-c", register + WAIT])
    while not os.path.exists("up"):
        time.sleep(0.01)
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with open("log") as file:
        log = file.read().split("\n")[:-1]
    if status != 3 or log != ["hung up", *cleaned.split()]:
        sys.exit(f"{before}: status {status}, {log}")
print("ok")
