-- lib/numbering.lua: the names of numbered documents ("chapters/03.md"), and plain arithmetic over chapter numbers.
local numbering = {}

--- "chapters/03.md" in a book of up to 99 chapters, "chapters/003.md" in a book of 100, so that lists sort by number.
function numbering.name(folder, number, total, ending)
  local width = total >= 100 and 3 or 2
  return string.format("%s/%0" .. width .. "d.%s", folder, number, ending)
end

--- The number in a document's name, or nil: numbering.of("chapters/03.md") == 3
function numbering.of(name)
  local digits = string.match(name, "/(%d+)%.%w+$")
  return digits and math.tointeger(tonumber(digits))
end

--- The document of a chapter whatever its width is. Waits.
function numbering.find(folder, number)
  for _, entry in ipairs(artifact.list(folder .. "/")) do
    if numbering.of(entry.name) == number then return entry.name end
  end
  return nil
end

--- Cuts first..last into `parts` runs of nearly equal length: { {first=, last=}, ... }
function numbering.split(first, last, parts)
  local ranges, total, from = {}, last - first + 1, first
  for i = 1, parts do
    local to = first - 1 + (total * i) // parts
    if to >= from then ranges[#ranges + 1] = { first = from, last = to } end
    from = to + 1
  end
  return ranges
end

--- Cuts first..last into the fewest nearly equal runs of at most `size`.
function numbering.ranges(first, last, size)
  return numbering.split(first, last, (last - first + size) // size)
end

function numbering.clamp(value, low, high)
  return math.max(low, math.min(high, value))
end

--- "1 chapter", "12 chapters".
function numbering.count(n, thing)
  return n .. " " .. thing .. (n == 1 and "" or "s")
end

return numbering
