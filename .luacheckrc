-- What `make check` knows of the world that scripts run in: the sandbox, not plain Lua 5.4.
std = {
  read_globals = {
    -- the language, as far as the sandbox lets it through
    "_VERSION", "assert", "error", "getmetatable", "ipairs", "next", "pairs", "pcall", "print", "rawequal", "rawget",
    "rawlen", "require", "select", "setmetatable", "tonumber", "tostring", "type", "xpcall", "warn",
    "math", "string", "table", "utf8", "os",
    -- the host's tables, described in scripts/api.lua
    "llm", "run", "step", "task", "artifact", "gate", "project", "export", "log", "json", "text", "markdown", "zip",
    "cjson", "check",
  },
}
max_line_length = 160
max_string_line_length = false -- prompts are written as they are read
max_comment_line_length = 160
unused_args = false
files["scripts/api.lua"] = {
  globals = { "llm", "run", "step", "task", "artifact", "gate", "project", "export", "log", "json", "text",
              "markdown", "zip", "check" },
  ignore = { "1", "2" },
  max_line_length = false,
}
