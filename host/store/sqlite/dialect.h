/* dialect.h - the words of our SQL that other databases spell differently, each once. What is not here is SQL that PostgreSQL takes too
 * (ON CONFLICT, RETURNING, WITH RECURSIVE, substr, length, COALESCE); times and ids are integers. tests/check.sh holds it. */
#pragma once

/* Does `text` hold `part`, whatever its case? */
#define SQL_HOLDS(text, part) "instr(lower(" text "), lower(" part ")) > 0"
/* A field of a JSON text, as text or number; NULL without it. */
#define SQL_FIELD(json, name) "json_extract(" json ", '$." name "')"
#define SQL_IS_JSON(text)     "json_valid(" text ")"
/* The larger of a row's own values; NULL when one is NULL. */
#define SQL_LARGER(a, b) "max(" a ", " b ")"
/* A text's bytes, to be read or counted. */
#define SQL_BYTES(text) "CAST(" text " AS BLOB)"
