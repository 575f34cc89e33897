-- comments.lua - are the comments true? Prints FILE:LINE: for each name in a comment of host/ that stands nowhere in the tree: a function or field
-- (two words or more joined by _), a file (name.c, .h, .lua, .js, .sh, .md), or a chapter of some document ("MANUAL 5").
--
--   lua5.4 tests/comments.lua FILES...      all source files and pages of the tree; those of host/ are judged
-- What is not ours, and examples.
local known = { ["quire.lua"] = true, ["app.js"] = true, ["my.lua"] = true, ["queue.h"] = true, ["lstrlib.c"] = true, posix_spawn = true, sd_notify = true,
  word_count = true, event_id = true, ["lua.h"] = true, ["x_test.lua"] = true, x_test = true, ["x.lua"] = true, ["XHTML 5"] = true }
local files, judged = {}, { c = true, h = true, lua = true, js = true, sh = true, md = true }

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("a")
  f:close()
  return text
end

-- Code and comments of a C file apart, each with its lines in place.
local function part(text)
  local code, comments, at = {}, {}, 1
  local function blank(s) return (s:gsub("[^\n]", " ")) end
  while at <= #text do
    local start = text:find('["\'/]', at)
    if not start then break end
    local two, stop = text:sub(start, start + 1), nil
    code[#code + 1] = text:sub(at, start - 1)
    comments[#comments + 1] = blank(text:sub(at, start - 1))
    if two == "/*" then
      _, stop = text:find("*/", start + 2, true)
    elseif two == "//" then
      stop = (text:find("\n", start, true) or #text + 1) - 1
    end
    if stop then
      comments[#comments + 1] = text:sub(start, stop)
      code[#code + 1] = blank(text:sub(start, stop))
    else
      stop = start
      local quote = text:sub(start, start)
      if quote ~= "/" then
        repeat
          stop = text:find('[\\"\'\n]', stop + 1)
          if stop and text:sub(stop, stop) == "\\" then stop = stop + 1 end
        until not stop or text:sub(stop, stop) == quote or text:sub(stop, stop) == "\n"
        stop = stop or #text
      end
      code[#code + 1] = text:sub(start, stop)
      comments[#comments + 1] = blank(text:sub(start, stop))
    end
    at = stop + 1
  end
  code[#code + 1] = text:sub(at)
  return table.concat(code), table.concat(comments)
end

for _, path in ipairs(arg) do
  known[path:match("[^/]+$")], known[path:match("([^/]+)%.%w+$") or path] = true, true
  local text = read(path)
  local code, comments = text, ""
  if path:find("%.[ch]$") then code, comments = part(text) end
  for word in code:gmatch("[%w_]+") do known[word] = true end
  if path:find("^host/") and comments ~= "" then files[#files + 1] = { path, comments } end
end

local function judge(path, number, line)
  local function breach(what) print(string.format("%s:%d: a comment %s", path, number, what)) end
  local chapter = line:match("%f[%w_]%u%u%u%u%u+ %d+%f[%W]")
  if chapter and not known[chapter] then breach("names a document that is not here: " .. chapter) end
  for name in line:gmatch("[%w_%-]+%.[%a]+") do
    local ending, example = name:match("%.(%a+)$"), name:find("^%d") or name:find("^%u.*%.%l+$") and not name:find("%.md$")
    if judged[ending] and not known[name] and not example then
      breach("names a file that is nowhere: " .. name)
    end
  end
  for before, word, after in line:gmatch("([^%w_]?)%f[%w_](%l[%l%d]*_[%l%d_]*%l[%l%d]*)%f[^%w_](.?)") do
    if not known[word] and after ~= "*" and before ~= "$" and not word:find("_$") then breach("names what is nowhere in the tree: " .. word) end
  end
end

for _, file in ipairs(files) do
  local number = 0
  for line in (file[2] .. "\n"):gmatch("(.-)\n") do
    number = number + 1
    judge(file[1], number, line)
  end
end
