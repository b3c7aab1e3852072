"""Backends of the plugin `ldap` for the laboratory's OpenLDAP."""
from . import people
from .case import backend
from .prefix import cache
from .slapd import Slapd

READER = {"bind_dn": people.READER, "bind_password": people.READER_PASSWORD}
TEMPLATE = {"user_dn": "uid={local}," + people.PEOPLE}
BY_NAME = READER | {"base": people.PEOPLE, "filter": "(uid={local})", "mailbox_filter": "(uid={local})"}
MAIL = "(|(mail={address})(mailAlternateAddress={address}))"
BY_MAIL = READER | {"base": people.PEOPLE, "filter": MAIL, "mailbox_filter": MAIL, "mail_attribute": "mail", "alias_attributes": ["mailAlternateAddress"]}


def start_slapd(lab, certificate=None, **more):
    """certificate: a good one unless given; False: a server without TLS."""
    return lab.server(Slapd, lab.ca.good if certificate is None else certificate, lab.ca.ca_file, cache(), **more)


def urls(server):
    """transport -> URL"""
    return {"clear": f"ldap://127.0.0.1:{server.ldap}", "starttls": f"ldap+starttls://localhost:{server.ldap}", "ldaps": f"ldaps://localhost:{server.ldaps}"}


def ldap_backend(name, upstream, lab, settings, **more):
    return backend(name, "ldap", upstream, lab, settings=settings, **more)
