return {
  ["the books are written in order, each is told what came before, and each has its files"] = function(t)
    local input = { brief = "Three generations of one ferry.", books = 2, chapters = 2, words_per_chapter = 400 }
    local run = t.status(t.run { pipeline = "generate_series", input = input }, "completed")
    t.equal(#run.result.books, 2)
    t.has(run.log, "Series \"" .. run.result.title)
    for _, book in ipairs(run.result.books) do
      t.ok(t.document("book.epub", { project = book.project }), book.project)
      t.equal(t.document("book.json", { project = book.project }).series.title, run.result.title)
    end
    local carry = string.sub(t.document("carry/01.json").story, 1, 60)
    local told = t.requests(run, { has = carry, phase = "Writing" })
    t.ok(#told > 0, "the second book is told of the first")
    for _, request in ipairs(told) do t.has(request.prompt, "What came before this book") end
  end,

  ["over three books: people, voice, the dead and what is owed are handed on as data, and a secret of the last is in no request before it"] = function(t)
    local secret, sample, owed = "Ines forged the will", "Short sentences, said the river.", "the promise of the first book"
    local dead
    local run = t.status(t.run { pipeline = "generate_series", given = { voice = sample }, input = { brief = "A ferry. " .. secret .. ". It rains.",
      books = 3, chapters = 2, words_per_chapter = 400, candidates = 1 }, answers = {
      { task = "Put this plan of a series", answer = function(_, rehearse)
        local said = json.decode(rehearse().text)
        said.secrets = json.array { { text = secret .. ".", book = 3, words = json.array { secret } } }
        said.threads = json.array { { text = "who lit the fire", opened = 1, due = 3 } }
        return { value = said }
      end },
      { task = "The book above is finished", answer = function(request, rehearse)
        local said = json.decode(rehearse().text)
        said.open = json.array { not string.find(request.prompt, "1.1: " .. owed, 1, true) and owed or nil }
        if said.settled then said.settled = json.array {} end
        said.dead = json.array {}
        return { value = said }
      end },
      { task = "take down what has become fact", answer = function(request, rehearse)
        local said = json.decode(rehearse().text)
        local in_second = string.find(request.prompt, "This is book 2 of 3", 1, true)
        if in_second and not dead then
          dead = string.match(request.prompt, "## Cast\n%- ([^%(]+) %(")
          said.deaths = json.array { { who = dead, quote = string.match(request.blocks[#request.blocks - 1].text, "as written\n\n(%S+ %S+ %S+)") } }
        end
        return { value = said }
      end }, { rehearse = true } } }, "completed")
    local seen = { 0, 0, 0 }
    for _, request in ipairs(run.requests) do
      for number = 1, 3 do
        if string.find(request.prompt, "This is book " .. number .. " of 3", 1, true) then
          seen[number] = seen[number] + 1
          t.equal(string.find(request.prompt, secret, 1, true) ~= nil, number == 3, "the secret, in book " .. number .. ": " .. request.task)
        end
      end
    end
    for number = 1, 3 do t.ok(seen[number] > 5, "requests of book " .. number) end
    local second, third = t.document("carry/02.json"), t.document("carried.json", { project = run.result.books[3].project })
    t.equal(third.state.dead[dead], 0, "dead before the book begins")
    t.equal(third.open, second.open)
    t.has(json.encode(third.open), owed)
    t.equal(third.due, { "who lit the fire" })
    t.has(third.voice.text, sample)
    t.equal(t.document("blueprint.json", { project = run.result.books[3].project }).style, t.document("blueprint.json",
      { project = run.result.books[1].project }).style)
    t.has(json.encode(t.document("structure.json", { project = run.result.books[3].project }).promises), "who lit the fire")
  end,
}
