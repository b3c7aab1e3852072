"""A portal that shows how authbroker.py is used: log in; then ask whether an address exists.

Where this goes: nowhere as it is; take the branches into the portal's own views. `python3 portal.py` serves it on port 8000.
"""
import html
import secrets
import urllib.parse
import wsgiref.simple_server

import authbroker

PORT = 8000
sessions = {}  # what the cookie says -> the answer to the login

FORM = """<p>{0}</p><form method="post"><label>Address <input name="address" autocomplete="username"></label>
<label>Password <input name="password" type="password" autocomplete="current-password"></label><button>Log in</button></form>"""
ASK = '<p>You are {0}; your mail is to: {1}</p><form><label>Does this address exist? <input name="exists"></label></form><p>{2}</p>'


def page(start, status, text, *fields):
    start(status, [("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store"), *fields])
    return [("<!doctype html><title>Portal</title>" + text).encode()]


def form_of(environ):
    size = min(int(environ.get("CONTENT_LENGTH") or 0), 8192)
    return {k: v[0] for k, v in urllib.parse.parse_qs(environ["wsgi.input"].read(size).decode(), keep_blank_values=True).items()}


def logged_in(environ):
    for part in environ.get("HTTP_COOKIE", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == "session" and value in sessions:
            return sessions[value]
    return None


def log_in(environ, start):
    form = form_of(environ)
    answer = authbroker.login(form.get("address", ""), form.get("password", ""), environ["REMOTE_ADDR"])
    verdict, text = answer["verdict"], FORM.format(html.escape(answer["text"]))
    if verdict == "accept":
        key = secrets.token_urlsafe(32)  # a new one: never what the browser has sent
        sessions[key] = answer
        return page(start, "303 See Other", "", ("Location", "/"), ("Set-Cookie", f"session={key}; HttpOnly; SameSite=Lax; Path=/"))
    if verdict == "tempfail":  # nobody can tell: neither in nor wrong
        return page(start, "503 Service Unavailable", text, ("Retry-After", str(max(1, answer.get("retry_after_ms", 5000) // 1000))))
    return page(start, "403 Forbidden", text)


def whether(address):
    answer = authbroker.mailbox(address)
    match answer["verdict"]:
        case "exists":
            return f"{address} exists: it is {answer['mailbox']}."
        case "absent":
            return f"{address} does not exist."
        case "no_route":
            return f"{address} is not ours."
        case "unverifiable":
            return f"{address}: its mail server does not say."
        case _:  # tempfail
            return f"{address}: {answer['text']}"


def application(environ, start):
    if environ["REQUEST_METHOD"] == "POST":
        return log_in(environ, start)
    user = logged_in(environ)
    if user is None:
        return page(start, "200 OK", FORM.format(""))
    asked = urllib.parse.parse_qs(environ.get("QUERY_STRING", "")).get("exists")
    about = html.escape(whether(asked[0])) if asked else ""
    return page(start, "200 OK", ASK.format(html.escape(user["identity"]), html.escape(", ".join(user["addresses"] or [user["identity"]])), about))


if __name__ == "__main__":
    wsgiref.simple_server.make_server("127.0.0.1", PORT, application).serve_forever()
