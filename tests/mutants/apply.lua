-- apply.lua - the mutants of list.lua, for run.sh.
--
--   lua5.4 apply.lua list ROOM [PART]... a line each: name, room and the tests that should notice, between tabs; ROOM may be ""
--   lua5.4 apply.lua apply NAME TREE     changes the files below TREE; their old texts are kept beside them as FILE.unmutated
--   lua5.4 apply.lua why NAME            what a user would lose
--
-- A mutant names text, not a file or a line: code may move. Its text must stand in exactly one place of host/, scripts/ and pipelines/.
local here = arg[0]:match("^(.*/)") or "./"
local mutants = dofile(here .. "list.lua")

local function find(name)
  for _, mutant in ipairs(mutants) do
    if mutant.name == name then return mutant end
  end
  io.stderr:write("there is no mutant '", name, "'\n")
  os.exit(2)
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function sources(tree)
  local pipe = assert(io.popen("cd '" .. tree .. "' && find host scripts pipelines -name '*.[ch]' -o -name '*.lua'"))
  local paths = {}
  for path in pipe:lines() do paths[#paths + 1] = tree .. "/" .. path end
  pipe:close()
  return paths
end

-- The one file in which `text` stands once, and where.
local function place_of(text, paths)
  local found, at
  for _, path in ipairs(paths) do
    local source = read(path)
    local first = source:find(text, 1, true)
    if first and (found or source:find(text, first + 1, true)) then return nil, "in several places" end
    if first then found, at = path, first end
  end
  if not found then return nil, "nowhere" end
  return found, at
end

local function apply(mutant, tree)
  local paths = sources(tree)
  for _, edit in ipairs(mutant.edits or { mutant }) do
    local path, at = place_of(edit.from, paths)
    if not path then
      io.stderr:write("'", edit.from, "' stands ", at, "\n")
      return false
    end
    local source = read(path)
    local kept = io.open(path .. ".unmutated", "rb")
    if kept then kept:close() else write(path .. ".unmutated", source) end
    write(path, source:sub(1, at - 1) .. edit.to .. source:sub(at + #edit.from))
  end
  return true
end

local command, name, tree = arg[1], arg[2], arg[3]
if command == "list" then
  for _, mutant in ipairs(mutants) do
    local wanted = #arg <= 2
    for i = 3, #arg do wanted = wanted or mutant.name:find(arg[i], 1, true) ~= nil end
    if wanted and (name == "" or mutant.room == name) then print(mutant.name .. "\t" .. mutant.room .. "\t" .. mutant.tests) end
  end
elseif command == "apply" then
  os.exit(apply(find(name), tree) and 0 or 1)
elseif command == "why" then
  print(find(name).loses)
end
