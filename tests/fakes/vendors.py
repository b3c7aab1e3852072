"""Servers of the field, as their makers' pages and administrators describe them."""
from .pop3 import Pop3Server


def communigate(users, alert=None, too_often=False, **more):
    """CommuniGate Pro: a pending alert refuses a login whose password was right; logins of one account can be limited in frequency."""
    def judge(s, normal):
        if too_often:
            return b"-ERR login is too frequent\r\n"
        return b"-ERR ALERT: " + alert.encode() + b"\r\n" if alert else normal
    return Pop3Server(users=users, capa=("TOP", "UIDL", "USER", "LAST"), greeting=b"+OK CommuniGate Pro POP3 Server 5.4.2 ready", apop=True,
                      replies={"pass": judge, "apop": judge, "pass_refused": b"-ERR username or password is incorrect\r\n"}, **more)


def mailtraq(users, locked=False, **more):
    """Mailtraq: hangs up after a refused login; at most so many connections; a second session finds the mailbox locked."""
    replies = {"capa": b"-ERR unknown command\r\n", "pass_refused": b"-ERR Invalid user name or password\r\n"}
    if locked:
        replies["pass"] = b"-ERR [IN-USE] Mailbox is locked by another session\r\n"
    return Pop3Server(users=users, greeting=b"+OK Mailtraq POP3 server ready", hang_up=True, replies=replies, capa=("USER",), **more)


def imail(users, **more):
    """IMail: a command above 512 characters bans the caller's address until the server is restarted."""
    return Pop3Server(users=users, greeting=b"+OK X1 NT-POP3 Server mail.example.test (IMail 8.22)", line_limit=512, capa=("USER", "TOP"),
                      replies={"capa": b"-ERR unknown command\r\n", "pass_refused": b"-ERR Invalid user or password\r\n"}, **more)


def popa3d(users, **more):
    """popa3d: a bare greeting, no CAPA, hangs up after a failure."""
    return Pop3Server(users=users, greeting=b"+OK", hang_up=True,
                      replies={"capa": b"-ERR\r\n", "pass": b"+OK\r\n", "pass_refused": b"-ERR Authentication failed (bad password?)\r\n"}, **more)


def exchange(users, **more):
    """Exchange: says which kind of trouble only in words."""
    return Pop3Server(users=users, greeting=b"+OK The Microsoft Exchange POP3 service is ready.", capa=("TOP", "UIDL", "SASL PLAIN", "USER"),
                      replies={"pass_refused": b"-ERR Logon failure: unknown user name or bad password.\r\n"}, **more)
