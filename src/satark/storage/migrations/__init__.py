"""The steps by which the tables grew; run by `satark.storage.migrate`, never by hand."""
