/* api.c - the one list of tables. tests/check.sh holds it against scripts/api.lua. */
#include "script_api/api.h"

#include "script_api/pure.h"

const struct sandbox_table api_tables[] = {
    {"llm", api_open_llm},
    {"run", api_open_run},
    {"os", api_open_os},
    {"step", api_open_step},
    {"task", api_open_task},
    {"artifact", api_open_artifact},
    {"gate", api_open_gate},
    {"project", api_open_project},
    {"export", api_open_export},
    {"log", api_open_log},
    {"json", api_open_json},
    {"cjson", api_open_cjson},
    {"text", api_open_text},
    {"markdown", api_open_markdown},
    {"zip", api_open_zip},
    {"check", api_open_check},
    {NULL, NULL},
};

const struct sandbox_table api_pure_tables[] = {
    {"json", api_open_json},
    {"cjson", api_open_cjson},
    {"text", api_open_text},
    {"markdown", api_open_markdown},
    {"zip", api_open_zip},
    {"check", api_open_check},
    {NULL, NULL},
};
