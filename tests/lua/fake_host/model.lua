-- luacheck: std lua54
-- fake_host/model.lua: a model that answers by a hash of the request: the same request, the same answer. Prose has about the length
-- that was asked for, JSON follows the schema and keeps the names of the cast, quotations are taken from the scenes.
local json = require "fake_host.json"
local text = require("fake_host.text").text

local model = {}

local english = {}
for word in ([[the a her his water stone door lamp rope salt iron paper glass river ladder coat bread knife letter window road engine
garden bell winter candle kitchen barrel harbour fence thread copper basin shutter gravel orchard ledger whistle thumb collar
carried opened pushed counted folded kept lost turned pulled waited spoke listened refused asked answered burned mended crossed
under behind against beside without before after along toward slowly twice never almost quietly again still only once
cold bright narrow heavy empty wet pale crooked loud thin broken small late early plain bitter]]):gmatch("%a+") do english[#english + 1] = word end
local japanese = {}
for word in ([[海 山 道 雨 窓 灯 紙 鉄 石 水 声 手紙 台所 庭 冬 朝 夜 影 橋 駅 傘 糸 鍵 皿 本 古い 白い 静かな 冷たい 小さな
開けた 閉じた 待った 歩いた 話した 黙った 運んだ 数えた 失った 直した]]):gmatch("%S+") do japanese[#japanese + 1] = word end

local function generator(seed)
  local state = tonumber(text.sha256(seed):sub(1, 8), 16)
  return function(n)
    state = (state * 1103515245 + 12345) & 0x7fffffff
    return (state >> 8) % n + 1
  end
end

local function sentence(random, names, words, japan)
  local out = {}
  if #names > 0 and random(3) == 1 then out[1] = names[random(#names)] end
  if japan then
    for _ = #out + 1, words do out[#out + 1] = japanese[random(#japanese)] end
    return table.concat(out) .. "。"
  end
  for _ = #out + 1, words do out[#out + 1] = english[random(#english)] end
  local line = table.concat(out, " ")
  return line:sub(1, 1):upper() .. line:sub(2) .. "."
end

function model.prose(random, names, words, japan)
  local paragraphs, total = {}, 0
  while total < words do
    local lines = {}
    for _ = 1, 2 + random(4) do lines[#lines + 1] = sentence(random, names, 6 + random(9), japan) end
    if random(4) == 1 then lines[1] = japan and "「" .. lines[1] .. "」" or "\"" .. lines[1] .. "\"" end
    paragraphs[#paragraphs + 1] = table.concat(lines, japan and "" or " ")
    total = total + text.words(paragraphs[#paragraphs])
  end
  return table.concat(paragraphs, "\n\n")
end

local function phrase(random, max, japan)
  local line = sentence(random, {}, 3 + random(5), japan)
  while utf8.len(line) > max do line = line:sub(1, utf8.offset(line, utf8.len(line)) - 1) end
  return line
end

local invented = { "Odalys Brenn", "Tamsin Rook", "Ilario Vesk", "Wenna Quill", "Jorun Haske", "Pellam Droye", "Sabeth Nuin", "Cato Ermine",
  "Ysolde Karr", "Bram Tolliver", "Fenja Ohm", "Lubin Astor", "Mireth Vance", "Gorse Adley" }
local invented_japanese = { "佐々木 遥", "小野寺 蓮", "黒田 澪", "藤堂 湊", "久我 楓", "真壁 司", "早乙女 凛", "瀬戸 環" }

local instance

local function object(schema, c, index)
  local out = {}
  for _, name in ipairs(schema.required) do out[name] = instance(schema.properties[name], c, name, index) end
  return out
end

local function list(schema, c, name)
  local out = json.array {}
  local low, high = schema.minItems or 0, schema.maxItems or 3
  local count = low
  if name == "cast" or name == "scenes" then count = math.min(high, math.max(low, 3)) end
  if low == 0 and c.random(2) == 1 and name ~= "deaths" then count = math.min(high, 2) end
  if name == "events" or name == "promises" then count = math.min(high, math.max(low, 2)) end
  for i = 1, count do out[i] = instance(schema.items, c, name, i) end
  return out
end

local function quotation(c)
  local scene = c.scenes[#c.scenes > 0 and c.random(#c.scenes) or 0]
  if not scene then return "nothing is quoted here" end
  local lines = text.sentences(scene)
  return text.first_words(lines[c.random(#lines)], 5):gsub(" …$", "")
end

function instance(schema, c, name, index)
  if schema.enum then
    if name == "verdict" then return c.random(3) == 1 and "revise" or "accept" end
    return schema.enum[c.random(#schema.enum)]
  end
  if schema.type == "object" then return object(schema, c, index) end
  if schema.type == "array" then return list(schema, c, name) end
  if schema.type == "boolean" then return false end
  if schema.type == "integer" then
    if name == "number" then return math.min(schema.maximum, schema.minimum + (index or 1) - 1) end
    if name == "words" then return math.min(schema.maximum, math.max(schema.minimum, 600)) end
    if name == "day" then return c.day or 1 end
    return schema.minimum + c.random(schema.maximum - schema.minimum + 1) - 1
  end
  if name == "quote" then return (quotation(c)) end
  if name == "who" or name == "names" then return c.names[1] and c.names[c.random(#c.names)] or "Nobody" end
  if name == "name" then
    local pool = c.japan and invented_japanese or invented
    return pool[(index or 1 + c.random(2)) % #pool + 1]
  end
  if name == "summary" then return model.prose(c.random, c.names, 55, c.japan) end
  return phrase(c.random, math.min(schema.maxLength or 200, name == "title" and 24 or 200), c.japan)
end

-- What a careful model would get right and a random one cannot: acts that follow on each other, causes that exist.
local function put_in_order(value, schema, c)
  if value.acts then
    local last, at = schema.properties.acts.items.properties.last.maximum, 1
    local count = c.acts or #value.acts
    value.acts = json.array {}
    for i = 1, count do
      local to = i == count and last or last * i // count
      value.acts[i] = { title = "Act", purpose = phrase(c.random, 200, c.japan), first = at, last = to }
      at = to + 1
    end
    for _, promise in ipairs(value.promises) do
      if promise.due < promise.opened then promise.due, promise.opened = promise.opened, promise.due end
    end
  end
  for i, chapter in ipairs(value.chapters or {}) do
    for place, event in ipairs(chapter.events or {}) do
      local cause = place > 1 and chapter.number .. "." .. place - 1 or i > 1 and chapter.number - 1 .. ".1" or chapter.number > 1
        and chapter.number - 1 .. ".1"
      event.causes, event.day = json.array { cause or nil }, chapter.number
    end
    if chapter.scenes then chapter.day = chapter.number end
  end
end

--- What the prompt tells: cast, scenes written, language, the story's day.
local function context(ask, seed)
  local whole, scenes, last = {}, {}, ""
  for i, block in ipairs(ask.blocks or { { text = ask.prompt } }) do
    local content = type(block) == "table" and block.text or block
    whole[i], last = content, content
    local scene = content:match("^# Scene %d+, as written\n\n(.*)")
    if scene then scenes[#scenes + 1] = scene end
  end
  local prompt = table.concat(whole)
  local names = {}
  local cast = prompt:match("## Cast\n(.-)\n\n")
  for name in (cast or ""):gmatch("%- ([^\n]-) %(") do names[#names + 1] = name end
  return { random = generator(seed), names = names, scenes = scenes, last = last,
    japan = prompt:find("Japanese", 1, true) ~= nil, day = math.tointeger(tonumber(last:match("Day at its end: (%d+)")
      or prompt:match("Day at its end: (%d+)") or 1)), acts = math.tointeger(tonumber(prompt:match("into (%d+) acts"))) or nil }
end

local function wanted_words(ask, c)
  local asked = c.last:match("in about (%d+) words") or c.last:match("[Aa]t most (%d+) words")
  return tonumber(asked) or (ask.max_words or 300) // 2
end

--- An answer as the host gives it: text (JSON when there is a schema), stop.
function model.answer(ask, seed)
  local c = context(ask, seed)
  if not ask.schema then
    local share = 85 + c.random(20)
    return { text = model.prose(c.random, c.names, wanted_words(ask, c) * share // 100, c.japan), stop = "end" }
  end
  local value = instance(ask.schema, c, "answer")
  put_in_order(value, ask.schema, c)
  return { text = json.encode(value), value = value, stop = "end" }
end

return model
