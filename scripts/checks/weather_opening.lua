-- weather_opening: a chapter that opens with the weather or the light.
local rates = require "lib.rates"
local reading = require "lib.reading"

local weather = {
  en = rates.words "rain rained raining drizzle storm wind fog mist snow snowed sunlight dawn thunder clouds sky",
  de = rates.words "regen regnete nieselte sturm wind nebel schnee schneite sonnenlicht morgendämmerung donner wolken himmel",
  fr = rates.words "pluie pleuvait orage vent brouillard brume neige neigeait aube tonnerre nuages ciel",
  es = rates.words "lluvia llovía tormenta viento niebla nieve nevaba amanecer trueno nubes cielo",
}

return {
  title = "Weather at the beginning", scope = "chapter", languages = { "en", "de", "fr", "es" }, thresholds = { words = 6 },
  run = function(it, limits)
    local first = it.reading:sentences()[1] or ""
    local beginning = reading.of(text.first_words(first, limits.words), it.reading.tag)
    local n, met = beginning:has(weather[it.reading.tag])
    if n == 0 then return {} end
    return { { quote = reading.cut_quote(first), problem = string.format("The chapter opens with the weather (\"%s\").", met[1]) } }
  end,
}
