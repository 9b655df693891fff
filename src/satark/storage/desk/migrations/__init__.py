"""The steps by which the desk's tables grew; run by `satark.storage.desk.opening`, never by hand."""
