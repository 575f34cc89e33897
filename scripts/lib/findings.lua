-- lib/findings.lua: what a check or a judge found, as the book keeps it: findings/03.json, and findings/book.json for what only the whole book
-- shows. A finding keeps its key as long as the same check finds the same words in the same chapter, so that a person can dismiss it once and
-- for all ("that is how she talks"): dismissed.json, which is his. What was dismissed is told to later judges and reported no more.
--
--   { key, check, title, chapter, scene, quote, problem, certain, reads = {document names} }     `versions` of the document says which of them
local facts = require "lib.facts"

local findings = {}

findings.dismissed_name = "dismissed.json"

--- The key: the check, the chapter (0: the book) and the words by which lib/checks.lua tells its findings apart. Without words the check speaks
--- of the chapter as such.
function findings.key(check, chapter, quote)
  local words = string.gsub(text.fold(quote or ""), "%s+", " ")
  local hash = words == "" and "" or "." .. string.sub(text.sha256(words), 1, 8)
  return string.format("%s.%d%s", check, chapter or 0, hash)
end

--- A finding as one sentence for a prompt or a list.
function findings.sentence(finding)
  local out = finding.problem
  if finding.quote and finding.quote ~= "" then out = "\"" .. finding.quote .. "\": " .. out end
  if finding.fix and finding.fix ~= "" then out = out .. " " .. finding.fix end
  return out
end

--- What people dismissed: a list of { key, chapter, quote, problem, reason }. Waits.
function findings.read_dismissed()
  local kept = artifact.get(findings.dismissed_name)
  local out = {}
  for _, entry in ipairs(type(kept) == "table" and type(kept.dismissed) == "table" and kept.dismissed or {}) do
    if type(entry) == "table" and type(entry.key) == "string" then out[#out + 1] = entry end
  end
  return out
end

-- Judges word a fault anew each time: what they quote is what a person has dismissed if one quotation is in the other.
local function same_words(finding, entry)
  if not entry.quote or entry.quote == "" or (finding.quote or "") == "" or entry.chapter ~= finding.chapter then return false end
  return facts.quoted(entry.quote, finding.quote) or facts.quoted(finding.quote, entry.quote)
end

function findings.is_dismissed(finding, dismissed)
  for _, entry in ipairs(dismissed) do
    if entry.key == finding.key then return true end
    if finding.judged and entry.judged and same_words(finding, entry) then return true end
  end
  return false
end

--- Those that nobody dismissed.
function findings.open(list, dismissed)
  local out = {}
  for _, finding in ipairs(list) do
    if not findings.is_dismissed(finding, dismissed) then out[#out + 1] = finding end
  end
  return out
end

--- What a judge of this chapter is told of it; "" when there is nothing.
function findings.dismissed_text(dismissed, chapter)
  local out = {}
  for _, entry in ipairs(dismissed) do
    if entry.chapter == chapter or entry.chapter == 0 then
      local reason = entry.reason and entry.reason ~= "" and " The author: " .. entry.reason or ""
      out[#out + 1] = "- " .. findings.sentence(entry) .. reason
    end
  end
  if #out == 0 then return "" end
  return "# Meant as it is\n\nThe author has seen these and wants them so. They are no faults:\n" .. table.concat(out, "\n")
end

--- Each finding once.
function findings.without_doubles(list)
  local out, seen = {}, {}
  for _, finding in ipairs(list) do
    if not seen[finding.key] then
      seen[finding.key] = true
      out[#out + 1] = finding
    end
  end
  return out
end

--- The version of each document that one of the findings has read: { ["chapters/03.md"] = 2, ... }. `known`: those that the caller knows. Waits.
function findings.versions(list, known)
  local out, folders = {}, {}
  for _, finding in ipairs(list) do
    for _, name in ipairs(finding.reads or {}) do
      out[name] = known[name] or 0
      if not known[name] then folders[string.match(name, "^[^/]*/?")] = true end
    end
  end
  for folder in pairs(folders) do
    for _, row in ipairs(artifact.list(folder)) do
      if out[row.name] == 0 then out[row.name] = row.version end
    end
  end
  return out
end

--- Keeps the findings of a chapter ("findings/03.json") or of the book. Waits.
function findings.save(name, number, list, known)
  local versions = findings.versions(list, known)
  artifact.put(name, { number = number, findings = json.array(list), versions = versions })
end

return findings
