-- luacheck: std lua54
-- fake_host/text.lua: the `text`, `markdown` and `zip` tables of scripts/api.lua in plain Lua. Near enough to the host's for the
-- pipelines' logic; exactness is tested on the host.
local text, markdown, zip = {}, {}, {}

local function wide(code)
  return code >= 0x3040 and code <= 0x30FF or code >= 0x3400 and code <= 0x9FFF or code >= 0x0E00 and code <= 0x0EFF
end

local function letter(code)
  return code >= 48 and code <= 57 or code >= 65 and code <= 90 or code >= 97 and code <= 122 or code >= 0xC0 and code < 0x2000
    or code >= 0xAC00 and code <= 0xD7A3
end

--- Tokens with their places: words, and each wide character for itself. { {from, to, wide}, ... }
local function tokens(s)
  local out, from, last = {}, nil, nil
  if not s:find("[\128-\255]") then
    for at, stop in s:gmatch("()%w[%w'-]*()") do out[#out + 1] = { at, stop - 1 } end
    return out
  end
  for at, code in utf8.codes(s) do
    if wide(code) then
      if from then out[#out + 1] = { from, last } end
      from = nil
      out[#out + 1] = { at, at + #utf8.char(code) - 1, true }
    elseif letter(code) or (from and (code == 39 or code == 0x2019 or code == 45)) then
      from, last = from or at, at + #utf8.char(code) - 1
    else
      if from then out[#out + 1] = { from, last } end
      from = nil
    end
  end
  if from then out[#out + 1] = { from, last } end
  return out
end

function text.words(s)
  local words, halves = 0, 0
  for _, token in ipairs(tokens(s)) do
    if token[3] then halves = halves + 1 else words = words + 1 end
  end
  return words + (halves + 1) // 2
end

function text.trim(s) return (s:gsub("^%s+", ""):gsub("%s+$", "")) end

function text.lines(s)
  local out = {}
  for line in (s:gsub("\r\n", "\n") .. "\n"):gmatch("(.-)\n") do out[#out + 1] = line end
  if out[#out] == "" then out[#out] = nil end
  return out
end

function text.paragraphs(s)
  local out, current = {}, {}
  for _, line in ipairs(text.lines(s)) do
    if text.trim(line) == "" then
      if #current > 0 then out[#out + 1] = text.trim(table.concat(current, "\n")) end
      current = {}
    else
      current[#current + 1] = line
    end
  end
  if #current > 0 then out[#out + 1] = text.trim(table.concat(current, "\n")) end
  return out
end

local enders = { ["."] = true, ["!"] = true, ["?"] = true, ["。"] = true, ["！"] = true, ["？"] = true, ["…"] = true, ["।"] = true }
local trailing = { ['"'] = true, ["'"] = true, ["”"] = true, ["’"] = true, ["»"] = true, ["」"] = true, [")"] = true }
function text.sentences(s)
  local out = {}
  for _, paragraph in ipairs(text.paragraphs(s)) do
    local current, ended = {}, false
    for c in paragraph:gmatch(utf8.charpattern) do
      if ended and not enders[c] and not trailing[c] then
        out[#out + 1] = text.trim(table.concat(current))
        current, ended = {}, false
      end
      current[#current + 1] = c
      if enders[c] then ended = true end
    end
    local rest = text.trim(table.concat(current))
    if rest ~= "" then out[#out + 1] = rest end
  end
  return out
end

function text.fold(s)
  local out = {}
  if not s:find("[\128-\255]") then return s:lower() end
  for _, code in utf8.codes(s) do
    if code >= 65 and code <= 90 or code >= 0xC0 and code <= 0xDE and code ~= 0xD7 or code >= 0x391 and code <= 0x3A9
      or code >= 0x410 and code <= 0x42F then
      code = code + 32
    elseif code >= 0x100 and code <= 0x17F and code % 2 == 0 then
      code = code + 1
    end
    out[#out + 1] = utf8.char(code)
  end
  return table.concat(out)
end

function text.slug(s)
  local slug = text.fold(s):gsub("[^a-z0-9]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  return slug ~= "" and slug or "untitled"
end

function text.length(s) return utf8.len(s) or #s end

local function halves_upto(list, from, to, step, n)
  local count = 0
  for i = from, to, step do
    count = count + (list[i][3] and 1 or 2)
    if count >= 2 * n then return i end
  end
  return to
end

function text.first_words(s, n)
  if text.words(s) <= n then return s end
  local list = tokens(s)
  local last = halves_upto(list, 1, #list, 1, n)
  return s:sub(1, list[last][2]) .. " …"
end

function text.last_words(s, n)
  if text.words(s) <= n then return s end
  local list = tokens(s)
  return s:sub(list[halves_upto(list, #list, 1, -1, n)][1])
end

local function grams(s, n)
  local out, list = {}, tokens(text.fold(s))
  local folded = text.fold(s)
  local words = {}
  for i, token in ipairs(list) do words[i] = folded:sub(token[1], token[2]) end
  for i = 1, #words - n + 1 do out[i] = table.concat(words, " ", i, i + n - 1) end
  return out
end

function text.similarity(a, b)
  local seen, shared, total = {}, 0, 0
  for _, gram in ipairs(grams(a, 3)) do seen[gram] = true end
  for _, gram in ipairs(grams(b, 3)) do
    total = total + 1
    if seen[gram] then shared = shared + 1 end
  end
  return total > 0 and shared / total or 0
end

function text.repeated(s, n, least)
  local counts, order = {}, {}
  for _, gram in ipairs(grams(s, n)) do
    if not counts[gram] then order[#order + 1] = gram end
    counts[gram] = (counts[gram] or 0) + 1
  end
  local out = {}
  for _, gram in ipairs(order) do
    if counts[gram] >= least then out[#out + 1] = { text = gram, count = counts[gram] } end
  end
  table.sort(out, function(a, b) return a.count > b.count or a.count == b.count and a.text < b.text end)
  return out
end

local function distance(a, b)
  local x, y = {}, {}
  for _, c in utf8.codes(a) do x[#x + 1] = c end
  for _, c in utf8.codes(b) do y[#y + 1] = c end
  local row = {}
  for j = 0, #y do row[j] = j end
  for i = 1, #x do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #y do
      local cost = math.min(row[j] + 1, row[j - 1] + 1, diagonal + (x[i] == y[j] and 0 or 1))
      diagonal, row[j] = row[j], cost
    end
  end
  return row[#y], math.max(#x, #y)
end

function text.nearest(word, names)
  local best, best_distance
  for _, name in ipairs(names) do
    local d, longer = distance(word, name)
    if d <= math.max(1, longer // 3) and (not best or d < best_distance) then best, best_distance = name, d end
  end
  return best
end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }
function text.xml(s)
  return (s:gsub("[%z\1-\8\11\12\14-\31]", ""):gsub("[&<>\"']", entities))
end

function text.smarten(s)
  return (s:gsub("(%f[%w'\"]) ?\"", "%1“"):gsub('"', "”"):gsub("'", "’"):gsub("%.%.%.", "…"))
end

--- Not SHA-256: 64 hex digits that depend on every byte.
function text.sha256(s)
  local h, out = 0x811c9dc5, {}
  for i = 1, #s - 7, 8 do
    h = (h ~ string.unpack("<i8", s, i)) * 0x100000001b3
    h = h ~ (h >> 29)
  end
  for i = #s - #s % 8 + 1, #s do h = (h ~ s:byte(i)) * 0x100000001b3 end
  for lane = 1, 4 do
    h = (h ~ (h >> 31) ~ lane) * 0x3f58476d1ce4e5b9
    out[lane] = string.format("%016x", h ~ (h >> 27))
  end
  return table.concat(out)
end

function text.fill(template, fields)
  return (template:gsub("{{([%w_]+)}}", function(name)
    if fields[name] == nil then error("text.fill: no field " .. name, 3) end
    return tostring(fields[name])
  end))
end

function markdown.blocks(s)
  local out = {}
  for _, paragraph in ipairs(text.paragraphs(s)) do
    local marks, heading = paragraph:match("^(#+)%s+(.*)")
    out[#out + 1] = heading and { kind = "heading", level = #marks, text = heading } or { kind = "paragraph", text = paragraph }
  end
  return out
end

function markdown.xhtml(s)
  local out = {}
  for _, block in ipairs(markdown.blocks(s)) do
    out[#out + 1] = "<p>" .. text.xml((block.text:gsub("\\(%p)", "%1"))):gsub("%*(.-)%*", "<em>%1</em>") .. "</p>"
  end
  return table.concat(out, "\n") .. "\n"
end

local crc_table = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do c = c & 1 == 1 and 0xEDB88320 ~ (c >> 1) or c >> 1 end
  crc_table[i] = c
end

local function crc32(s)
  local c = 0xFFFFFFFF
  for i = 1, #s do c = crc_table[(c ~ s:byte(i)) & 0xFF] ~ (c >> 8) end
  return c ~ 0xFFFFFFFF
end

--- Stored only.
function zip.build(entries)
  local files, directory, at = {}, {}, 0
  for _, entry in ipairs(entries) do
    local common = string.pack("<I2I2I2I2I2I4I4I4I2I2", 20, 0x0800, 0, 0, 0x21, crc32(entry.data), #entry.data, #entry.data, #entry.name, 0)
    local header = "PK\3\4" .. common .. entry.name
    directory[#directory + 1] = "PK\1\2" .. string.pack("<I2", 20) .. common .. string.pack("<I2I2I2I4I4", 0, 0, 0, 0, at) .. entry.name
    files[#files + 1] = header .. entry.data
    at = at + #header + #entry.data
  end
  local tail = table.concat(directory)
  return table.concat(files) .. tail .. "PK\5\6" .. string.pack("<I2I2I2I2I4I4I2", 0, 0, #entries, #entries, #tail, at, 0)
end

return { text = text, markdown = markdown, zip = zip }
