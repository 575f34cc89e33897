local checks = require "lib.checks"
local facts = require "lib.facts"
local names = require "lib.names"

local function words(n)
  return string.rep("Rope ", n - 1) .. "holds."
end

--- What checks.chapter needs of a memory: a story in which nothing has happened.
local function nothing_before()
  return { recent = {}, state = facts.new_state(), names = names.known({}) }
end

local function problems(findings)
  local out = {}
  for i, finding in ipairs(findings) do out[i] = finding.problem end
  return table.concat(out, "\n")
end

return {
  ["text that breaks off is cut back to its last whole sentence; without one nothing is left"] = function(t)
    t.equal(checks.trim_to_sentence("One. Two. Thr"), "One. Two.")
    t.equal(checks.trim_to_sentence("\"Stay,\" she said. \"Do not"), "\"Stay,\" she said.")
    t.equal(checks.trim_to_sentence("« Restez. Ne"), "« Restez. »")
    t.equal(checks.trim_to_sentence("He sat. “Stay. Do not"), "He sat. “Stay.”")
    t.equal(checks.trim_to_sentence("no end in sight"), "")
    t.equal(checks.trim_to_sentence(""), "")
  end,

  ["a scene that is too thin, too long, broken off or has a hole is a certain fault"] = function(t)
    t.equal(checks.scene(words(100), 1, 100), {})
    t.has(problems(checks.scene(words(40), 1, 100)), "too thin: 40 words of the 100")
    t.has(problems(checks.scene(words(170), 1, 100)), "too long: 170 words where 100")
    t.has(problems(checks.scene(words(99) .. " and then the", 1, 100)), "breaks off")
    local hole = checks.scene(words(90) .. " [insert the storm here].", 2, 100)
    t.has(problems(hole), "[insert")
    t.equal(checks.faults(hole), 1)
    t.equal(hole[1].scene, 2)
  end,

  ["what may be talk about the task is only a suspicion"] = function(t)
    local findings = checks.scene(words(90) .. " To be continued.", 1, 100)
    t.has(problems(findings), "to be continued")
    t.equal(checks.faults(findings), 0)
  end,

  ["a chapter's length, its repetitions and its likeness to an earlier chapter are found"] = function(t)
    local plan = { number = 2, scenes = { { words = 100 }, { words = 100 } }, viewpoint = "Ida" }
    local sheet = facts.pending(3)
    local findings = checks.chapter({ words(60), words(60) }, plan, sheet, nothing_before())
    t.has(problems(findings), "The chapter has 120 words; 200 were planned.")
    local memory = nothing_before()
    local scenes = { "The bell rang over the ice and nobody came to look. " .. words(90),
      "Snow lay on the sill until noon, and then it did not. " .. words(90) }
    memory.recent = { { number = 1, prose = table.concat(scenes, "\n\n") } }
    t.has(problems(checks.chapter(scenes, plan, sheet, memory)), "repeats chapter 1, word by word")
    local again = string.rep("He counted the nails in the door twice over. ", 4) .. words(60)
    findings = checks.chapter({ again, words(100) }, plan, sheet, nothing_before())
    t.has(problems(findings), "stands in the chapter 4 times")
  end,
}
