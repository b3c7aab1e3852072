"""The laboratory: real servers, real clients and the daemon, started on free ports in folders of their own.

Everything is started by this process and stopped by it. Nothing outside the temporary folders changes.
"""
