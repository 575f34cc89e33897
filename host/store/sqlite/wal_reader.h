/* wal_reader.h - who keeps the write-ahead log from starting over? Any thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* A process that reads from the library's database now, but this one: "process 4711 (sqlite3)". False: it cannot be seen from here. */
bool wal_reader_find(const char *db_path, char *out, size_t max);
