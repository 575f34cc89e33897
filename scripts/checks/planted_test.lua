-- Forty faults of ten kinds are planted in a book of thirty chapters, written by a model that makes no other, and read by an extractor that misses
-- every fifth fact and invents every tenth. The judges accept everything: what is found, code found. All is drawn from one seed.

local chapters = 30

------------------------------------------------------------------------------------------------------------- clean prose

local state = 20261127

local function draw(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return state // 65536 % n + 1
end

local function words(list)
  local out = {}
  for word in string.gmatch(list, "%S+") do out[#out + 1] = word end
  return out
end

local nouns = words [[kettle ladder barrel lantern saddle anchor needle ribbon mirror basket hammer candle blanket bucket violin compass ledger
  thimble shovel trumpet chisel parcel oar wheel pillow bottle carpet fiddle razor stove mitten spade cradle goblet spindle tray apron]]
local adjectives = words [[crooked narrow heavy pale borrowed rusty quiet damp gilded patched bitter hollow scarlet brittle greasy splendid cheap
  battered blue foreign yellow spotted clumsy slender foul tidy spare bent wooden silver]]
local verbs = words [[carried dropped mended bought hid weighed buried burned polished lifted traded painted counted kicked washed wrapped swung
  emptied tested folded dragged fetched sharpened]]
local places = words [[mill chapel harbour orchard cellar bridge quarry stable attic market tower bakery garden kiln pier courtyard ferry
  barracks vineyard smithy]]

local function one(list) return list[draw(#list)] end

local templates = {
  function(c, d) return string.format("%s %s %s's %s %s.", c, one(verbs), d, one(adjectives), one(nouns)) end,
  function(c) return string.format("Past the %s, with a %s under one arm, %s %s both the %s and its %s %s before noon.", one(places), one(nouns), c,
    one(verbs), one(nouns), one(adjectives), one(nouns)) end,
  function(c) return string.format("“Where did your %s go?” asked %s.", one(nouns), c) end,
  function(c, d) return string.format("“%s has one at the %s,” said %s. “It cost a %s %s.”", d, one(places), c, one(adjectives), one(nouns)) end,
  function() return string.format("A %s %s stood near the %s.", one(adjectives), one(nouns), one(places)) end,
  function(c, d) return string.format("Neither the %s nor any %s %s had been of use to %s, who %s them for %s at a loss.", one(nouns), one(adjectives),
    one(nouns), c, one(verbs), d) end,
  function(c) return string.format("%s waited.", c) end,
  function(_, d) return string.format("By the %s somebody had %s a %s, and %s paid.", one(places), one(verbs), one(nouns), d) end,
  function(c) return string.format("No %s would hold: it was %s %s, and %s knew whose.", one(nouns), one(adjectives), one(nouns), c) end,
  function(c, d) return string.format("Once more %s went round by the %s, asked for a %s, got a %s, and came home to %s with the %s and a bill.", c,
    one(places), one(nouns), one(nouns), d, one(places)) end,
}

local turn = 0

local function paragraph(people)
  local out = {}
  for i = 1, 3 + draw(3) do
    turn = turn + 3
    out[i] = templates[turn % #templates + 1](one(people), one(people))
  end
  return table.concat(out, " ")
end

--- A scene of about so many words, with the planted passages in its middle.
local function scene(people, budget, planted)
  local first = one(adjectives)
  local out = { string.format("%s%s %s or %s %s, %s %s it.", string.upper(string.sub(first, 1, 1)), string.sub(first,
    2), one(nouns), one(adjectives), one(nouns),
    one(people), one(verbs)) }
  local n = 0
  while n < budget do
    local new = paragraph(people)
    n = n + text.words(new)
    out[#out + 1] = new
  end
  for i, passage in ipairs(planted) do table.insert(out, math.min(#out, 1 + i), passage) end
  out[#out] = out[#out] .. string.format(" %s %s the %s beside a %s %s.", one(people), one(verbs), one(nouns), one(adjectives), one(nouns))
  return table.concat(out, "\n\n")
end

-------------------------------------------------------------------------------------------------------------- the faults

local german = {
  "Als sie die Tür öffnete, war das Licht schon aus, und niemand hatte die Treppe betreten. Der Wind kam vom Meer, und es war kalt, aber sie ging "
    .. "nicht zurück. Das war noch nie so gewesen, und er hatte es ihr von dem Boot aus gesagt, mit dem sie gekommen war, als es regnete.",
  "Er hatte den Brief auf dem Tisch liegen lassen, und als er mit dem Hund zurück kam, war er nicht mehr da. Sie sagte nichts davon, aber es war ihr "
    .. "von der Stirn zu lesen, dass sie ihn schon hatte und auch wusste, was im letzten Satz stand, der mit einer Bitte um Geld zu Ende ging.",
  "Im Hof stand noch immer der Wagen, mit dem sie am Abend gekommen waren, und von den Pferden war nichts zu sehen. Es hatte in der Nacht geregnet, "
    .. "und er ging auf das Tor zu, als ob ihm die Pfützen nicht galten und der Schlüssel, den sie ihm gegeben hatte, schon im Schloss steckte.",
  "Niemand im Dorf hatte den Mann gekannt, der mit dem Schiff von Süden kam und sich in der Mühle ein Zimmer nahm. Er war nicht jung, und er hatte "
    .. "es nicht eilig, aber von dem Tag an war die Tür zu der Mühle zu, und es brannte bis in den Morgen ein Licht, das auf den Fluss fiel." }
local twice = "The inventory of that winter named eleven casks, two of them broached, a sail without its bolt rope, and the debt that nobody in the house had "
  .. "dared to write down in ink."

--- { kind, chapter, passage, checks that may find it }. `cast`: the names; the second one dies in chapter 4.
local function faults(cast)
  local dead, other = cast[2], cast[1]
  local list = {}
  local function plant(kind, chapter, passage, ...) list[#list + 1] = { kind = kind, chapter = chapter, passage = passage, checks = { ... } } end
  for i, chapter in ipairs { 7, 13, 19, 26 } do
    plant("the dead act", chapter, string.format(({ "%s opened the shutters.", "“Not before noon,” said %s.",
      "%s nodded and sat down.", "%s laughed." })[i], dead),
      "dead_act")
    local alike = cast[3]
    local at = utf8.offset(alike, i + 1)
    plant("a name misspelt", chapter - 2, string.format("They sent for %s at once.", string.sub(alike, 1, at - 1) .. "z" .. string.sub(alike, at)),
      "names_alike", "names_across")
    plant("a promise unpaid", chapter - 1, nil, "promise_unpaid", "promises_at_end")
    plant("tense", chapter + 1,
      string.format("%s is at the gate and has the lamp. She goes out, sees the road and takes the bag. It is late, and she knows it.", other),
      "tense_drift")
    plant("viewpoint", chapter + 2, "I took my coat and went to my room, and I sat on my bed, where nobody minded me or my boots.", "viewpoint_drift")
    plant("speech without an end", chapter - 3, string.format("“There is no more of it, said %s, and shut the drawer.", other), "quotes_unclosed")
    plant("another language", chapter, german[i], "language_drift")
    plant("a ready-made phrase", chapter - 4, ({ "Time stood still.", "It sent shivers down the whole street.", "The silence was deafening.",
      "Only time will tell." })[i], "cliches")
    plant("a word twice", chapter + 3, string.format("%s put it in in the drawer.", other), "doubled_words")
  end
  for i, chapter in ipairs { 10, 16, 22, 28 } do
    if i == 1 then plant("copy", 3, twice) end
    plant("a passage twice", chapter, twice, "doubled_paragraphs")
  end
  return list
end

----------------------------------------------------------------------------------------------------------- the extractor

local promises = {}
for i, due in ipairs { 6, 9, 12, 15, 18, 21, 25, 29 } do
  promises[i] = { text = "Promise " .. i .. " is kept in sight of the harbour.", opened = 1, due = due }
end
local unpaid = { [6] = true, [12] = true, [18] = true, [25] = true }

local function facts_of(value, number, prose, cast, living)
  local sentences = text.sentences(prose)
  value.summary, value.day = "They traded things and the debt grew.", number
  value.operations, value.deaths, value.names, value.opened, value.paid = json.array {}, json.array {}, json.array {}, json.array {}, json.array {}
  for i = 1, 5 do
    local missed, invented = draw(5) == 1, draw(10) == 1
    local operation = { op = "add", what = "where", who = living[1 + i % 2], value = one(places), quote = sentences[i * 3] or sentences[1] }
    if invented then
      operation = { op = "add", what = "holds", who = one(cast), value = string.format("a %s %s", one(adjectives),
        one(nouns)), quote = "a quotation that nobody wrote" }
    end
    if not missed then value.operations[#value.operations + 1] = operation end
  end
  for _, name in ipairs(cast) do
    if draw(5) > 1 and string.find(prose, name, 1, true) then value.names[#value.names + 1] = name end
  end
  for name in string.gmatch(prose, "They sent for ([^%.]-) at once") do
    if draw(5) > 1 then value.names[#value.names + 1] = name end
  end
  if draw(10) == 1 then value.deaths[1] = { who = cast[1], quote = "fell and did not rise" } end
  if number == 4 then value.deaths[#value.deaths + 1] = { who = cast[2], quote = "was dead before the doctor came" } end
  for i, promise in ipairs(promises) do
    if promise.due == number and not unpaid[number] then value.paid[#value.paid + 1] = "P" .. i end
  end
  return value
end

-------------------------------------------------------------------------------------------------------------------- run

local accept = { verdict = "accept", confirmed = json.array {}, findings = json.array {} }

local function answering(t, book)
  local function plan_without_dead(number)
    local plan = t.document(string.format("plans/%02d.json", number))
    plan.viewpoint, plan.author, plan.recalls = book.living[1], nil, json.array {}
    for _, one_scene in ipairs(plan.scenes) do one_scene.cast = json.array { book.living[1], book.living[2] } end
    return plan
  end
  return function(request, rehearse)
    local number = math.tointeger(tonumber(string.match(request.label, "^chapter (%d+),")))
    local properties = request.schema and request.schema.properties or {}
    if properties.cast and properties.world then
      local value = json.decode(rehearse().text)
      for i, name in ipairs { "Nadia Varga", "Corin Sorel", "Odile Winter", "Bram Drummond", "Matthias Ives" } do
        local person = {}
        for field, said in pairs(value.cast[1]) do person[field] = said end
        person.name = name
        value.cast[i] = person
      end
      for i = #value.cast, 6, -1 do table.remove(value.cast, i) end
      return { value = value }
    end
    if properties.acts and properties.promises then
      local value = json.decode(rehearse().text)
      value.promises = promises
      return { value = value }
    end
    if properties.chapters and request.role == "planner" and request.phase == "Chapter Planning" then
      local value = json.decode(rehearse().text)
      for _, plan in ipairs(value.chapters) do table.insert(plan.scenes[1].cast, 1, plan.viewpoint) end
      return { value = value }
    end
    if request.phase ~= "Writing" or not number then return t.rehearse end
    if not book.cast then
      book.cast, book.living = {}, {}
      for i, person in ipairs(t.document("blueprint.json").cast) do
        book.cast[i] = person.name
        if i ~= 2 then book.living[#book.living + 1] = person.name end
      end
      book.faults = faults(book.cast)
    end
    if string.find(request.task, "cannot stand as it is", 1, true) then
      book.replanned[#book.replanned + 1] = number
      return { value = plan_without_dead(number) }
    end
    if request.role == "writer" and string.find(request.task, "Write scene", 1, true) then
      local planted = {}
      local first = string.find(request.task, "Write scene 1 of", 1, true)
      for _, fault in ipairs(book.faults) do
        if first and fault.chapter == number and fault.passage then planted[#planted + 1] = fault.passage end
      end
      if first and number == 4 then planted[#planted + 1] = string.format("%s was dead before the doctor came.", book.cast[2]) end
      local budget = tonumber(string.match(request.task, "in about (%d+) words"))
      return { text = scene(number < 4 and book.cast or book.living, budget, planted) }
    end
    if request.role == "extractor" and properties.operations then
      local prose = {}
      for _, block in ipairs(request.blocks) do prose[#prose + 1] = string.match(block.text, "^# Scene %d+, as written\n\n(.*)$") end
      return { value = facts_of(json.decode(rehearse().text), number, table.concat(prose, "\n\n"), book.cast, book.living) }
    end
    if string.find(request.task, "with a cold eye", 1, true) then return { value = accept } end
    return t.rehearse
  end
end

local function all_findings(t)
  local out = {}
  for number = 0, chapters do
    local kept = t.document(number == 0 and "findings/book.json" or string.format("findings/%02d.json", number))
    for _, finding in ipairs(kept.findings) do out[#out + 1] = finding end
  end
  return out
end

local function finds(finding, fault)
  for _, check in ipairs(fault.checks) do
    if finding.check == check and finding.chapter == fault.chapter then return true end
  end
  return false
end

return {
  ["of forty planted faults most are found and hardly anything else, and the dead are found in plans before their chapter is written"] = function(t)
    local book = { replanned = {} }
    local run = t.status(t.run { pipeline = "generate_book", answers = answering(t, book),
      input = { brief = "A cook inherits a debt.", chapters = chapters, words_per_chapter = 400, candidates = 1 } }, "completed")
    local found, missed, false_ones, used = 0, {}, {}, {}
    local planted = 0
    local list = all_findings(t)
    for _, fault in ipairs(book.faults) do
      if #fault.checks > 0 then
        local hit = false
        planted = planted + 1
        for i, finding in ipairs(list) do
          if finds(finding, fault) then hit, used[i] = true, true end
        end
        found = found + (hit and 1 or 0)
        if not hit then missed[#missed + 1] = string.format("%s in chapter %d", fault.kind, fault.chapter) end
      end
    end
    for i, finding in ipairs(list) do
      if not used[i] then false_ones[#false_ones + 1] = string.format("%s in chapter %d: \"%s\" %s", finding.check,
        finding.chapter, finding.quote, finding.problem) end
    end
    t.equal(planted, 40)
    t.ok(found >= 34, string.format("%d of 40 are found; missed: %s\n", found, table.concat(missed, "; ")))
    t.ok(#false_ones <= 4, #false_ones .. " are false:\n" .. table.concat(false_ones, "\n") .. "\n")
    t.ok(#book.replanned > 0, "a plan with the dead person is made again")
    for _, number in ipairs(book.replanned) do
      t.ok(number > 4)
      local plan = t.document(string.format("plans/%02d.json", number))
      t.ok(plan.viewpoint ~= book.cast[2])
      for _, one_scene in ipairs(plan.scenes) do t.lacks(table.concat(one_scene.cast, "; "), book.cast[2]) end
      local first
      for _, request in ipairs(run.requests) do
        if string.find(request.label, "^chapter " .. number .. ",") then first = first or request end
      end
      t.has(first.task, "cannot stand as it is", "before a word of chapter " .. number .. " is written")
    end
  end,
}
