/* test_tokens.c - estimates of tokens against what seven tokenizers made of the same texts (a script in findings/). */
#include "unit.h"

#include "llm/tokens.h"

static const struct sample {
  const char *name, *text;
  int fewest, median, most;
} samples[] = {
    {"english",
     "The lamp went out at four. Nobody came up the stairs to light it again, and the keeper sat in the dark with his hands on his knees, listening to the water that climbed the rock below him.",
     42, 42, 43},
    {"german",
     "Um vier Uhr erlosch die Lampe. Niemand kam die Treppe herauf, um sie wieder anzuzünden, und der Wärter saß im Dunkeln, die Hände auf den Knien, und hörte dem Wasser zu, das unter ihm den Felsen hinaufstieg.",
     59, 66, 73},
    {"polish",
     "Lampa zgasła o czwartej. Nikt nie wszedł po schodach, żeby ją znów zapalić, a latarnik siedział w ciemności z rękami na kolanach i słuchał wody, która wspinała się po skale pod nim.",
     61, 66, 86},
    {"turkish",
     "Lamba saat dörtte söndü. Onu yeniden yakmak için kimse merdivenlerden çıkmadı; bekçi karanlıkta, elleri dizlerinde oturdu ve altındaki kayaya tırmanan suyu dinledi.",
     48, 59, 70},
    {"vietnamese",
     "Ngọn đèn tắt lúc bốn giờ. Không ai lên cầu thang để thắp lại, và người gác ngồi trong bóng tối, hai tay đặt trên đầu gối, lắng nghe tiếng nước dâng lên tảng đá bên dưới.",
     47, 54, 120},
    {"russian",
     "В четыре часа лампа погасла. Никто не поднялся по лестнице, чтобы зажечь её снова, и смотритель сидел в темноте, положив руки на колени, и слушал воду, которая поднималась по скале под ним.",
     54, 66, 96},
    {"ukrainian",
     "О четвертій лампа згасла. Ніхто не піднявся сходами, щоб запалити її знову, і доглядач сидів у темряві, поклавши руки на коліна, і слухав воду, що піднімалася скелею під ним.",
     64, 82, 108},
    {"greek",
     "Η λάμπα έσβησε στις τέσσερις. Κανείς δεν ανέβηκε τις σκάλες για να την ανάψει ξανά, και ο φαροφύλακας καθόταν στο σκοτάδι με τα χέρια στα γόνατα, ακούγοντας το νερό που ανέβαινε στον βράχο από κάτω του.",
     82, 97, 213},
    {"arabic",
     "انطفأ المصباح في الرابعة. لم يصعد أحد الدرج ليشعله من جديد، وجلس الحارس في الظلام ويداه على ركبتيه، يصغي إلى الماء الذي يتسلق الصخرة تحته.",
     50, 57, 125},
    {"persian",
     "چراغ ساعت چهار خاموش شد. هیچ‌کس از پله‌ها بالا نیامد تا دوباره روشنش کند، و نگهبان در تاریکی نشسته بود، دست‌ها بر زانو، و به آبی گوش می‌داد که از صخرهٔ زیر پایش بالا می‌آمد.",
     60, 76, 178},
    {"hebrew",
     "המנורה כבתה בארבע. איש לא עלה במדרגות כדי להדליק אותה שוב, והשומר ישב בחושך וידיו על ברכיו, מאזין למים שטיפסו על הסלע מתחתיו.",
     53, 61, 118},
    {"hindi",
     "चार बजे दीपक बुझ गया। उसे फिर से जलाने के लिए कोई सीढ़ियों से ऊपर नहीं आया, और पहरेदार अँधेरे में घुटनों पर हाथ रखे बैठा रहा, नीचे चट्टान पर चढ़ते पानी को सुनता हुआ।",
     51, 105, 187},
    {"bengali",
     "চারটার সময় প্রদীপ নিভে গেল। আবার জ্বালানোর জন্য কেউ সিঁড়ি বেয়ে উঠে এল না, আর পাহারাদার অন্ধকারে হাঁটুর উপর হাত রেখে বসে রইল, নিচের পাথর বেয়ে ওঠা জলের শব্দ শুনতে শুনতে।",
     46, 182, 295},
    {"tamil",
     "நான்கு மணிக்கு விளக்கு அணைந்தது. அதை மீண்டும் ஏற்ற யாரும் படிக்கட்டில் ஏறி வரவில்லை, காவலர் இருட்டில் முழங்கால்களில் கை வைத்து அமர்ந்து, கீழே பாறையில் ஏறும் நீரைக் கேட்டுக் கொண்டிருந்தார்.",
     48, 211, 350},
    {"thai",
     "ตะเกียงดับลงตอนสี่โมง ไม่มีใครขึ้นบันไดมาจุดมันอีก คนเฝ้าประภาคารนั่งอยู่ในความมืด มือวางบนเข่า ฟังเสียงน้ำที่ปีนขึ้นมาตามโขดหินเบื้องล่าง \"ใครอยู่ตรงนั้น\" เขาถาม ลมเปลี่ยนทิศแล้ว และความกลัวเก่าก็กลับเข้ามาในบ้านพร้อมกับมัน เขานึกถึงพ่อที่นับขั้นบันไดทุกเย็น หนึ่งร้อยสิบสองขั้น และไม่เคยลืมขั้นสุดท้ายเลย",
     108, 157, 532},
    {"chinese",
     "四点钟，灯灭了。没有人上楼来重新点亮它，守塔人坐在黑暗里，双手放在膝上，听着海水沿着下面的岩石往上爬。",
     33, 48, 68},
    {"japanese",
     "四時に灯台の灯が消えた。もう一度灯をともすために階段を上ってくる者はなく、灯台守は暗闇の中で膝に手を置いて座り、下の岩を這い上がってくる水の音を聞いていた。",
     50, 62, 90},
    {"korean",
     "네 시에 등불이 꺼졌다. 다시 불을 켜려고 계단을 올라오는 사람은 아무도 없었고, 등대지기는 어둠 속에서 무릎에 손을 얹고 앉아 아래 바위를 기어오르는 물소리를 듣고 있었다.",
     57, 71, 112},
    {"georgian",
     "ლამპა ოთხ საათზე ჩაქრა. არავინ ამოსულა კიბეზე მის ხელახლა ასანთებად, და დარაჯი სიბნელეში იჯდა, ხელები მუხლებზე დაეწყო და უსმენდა წყალს, რომელიც მის ქვემოთ კლდეზე მიცოცავდა.",
     71, 172, 314},
    {"armenian",
     "Լամպը հանգավ ժամը չորսին։ Ոչ ոք չբարձրացավ աստիճաններով՝ այն նորից վառելու, և պահակը նստած էր մթության մեջ, ձեռքերը ծնկներին, ու լսում էր ջուրը, որ բարձրանում էր ժայռով իր տակ։",
     66, 176, 322},
    {"amharic",
     "መብራቱ በአራት ሰዓት ጠፋ። እንደገና ለማብራት ማንም ደረጃውን አልወጣም፣ ጠባቂውም እጆቹን በጉልበቱ ላይ አድርጎ በጨለማ ውስጥ ተቀምጦ ከሥሩ ያለውን ዐለት የሚወጣውን ውሃ ያዳምጥ ነበር።",
     69, 228, 307},
    {"json",
     "{\"number\":3,\"title\":\"The Tide Clock\",\"purpose\":\"Somebody finds the key.\",\"viewpoint\":\"Ines\",\"scenes\":[{\"goal\":\"to mend the clock\",\"conflict\":\"the water\",\"outcome\":\"she leaves it\",\"words\":700",
     49, 51, 54},
    {"schema",
     "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"number\",\"title\",\"scenes\"],\"properties\":{\"number\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":99},\"title\":{\"type\":\"string\",\"maxLength\":1",
     43, 44, 48},
    {"lua",
     "local function with(ask, changes)\n  local copy = {}\n  for name, value in pairs(ask) do copy[name] = value end\n  for name, value in pairs(changes) do copy[name] = value end\n  return copy\nend\n",
     54, 55, 59},
};
enum { N_SAMPLES = sizeof samples / sizeof samples[0] };

static struct tokens of(const char *text, size_t n) {
  struct tokens t = {0};
  tokens_add(&t, text, n);
  return t;
}

/* Booked too little, a budget is passed unseen; booked too much, it pauses a run that had money left. */
static void what_is_booked_is_near_the_median_tokenizer_in_every_script(void **state) {
  (void)state;
  for (size_t i = 0; i < N_SAMPLES; i++) {
    const struct sample *s = &samples[i];
    int64_t likely = of(s->text, strlen(s->text)).likely;
    if (likely * 100 < s->median * 82 || likely * 100 > s->median * 150)
      fail_msg("%s: %lld tokens are booked, the median is %d", s->name, (long long)likely, s->median);
  }
}

static void the_reservation_holds_for_the_worst_tokenizer(void **state) {
  (void)state;
  for (size_t i = 0; i < N_SAMPLES; i++) {
    const struct sample *s = &samples[i];
    int64_t most = of(s->text, strlen(s->text)).most;
    if (most * 100 < s->most * 97)
      fail_msg("%s: %lld tokens are reserved, the worst has %d", s->name, (long long)most, s->most);
  }
}

static void no_prompt_is_refused_that_the_best_tokenizer_makes_short(void **state) {
  (void)state;
  for (size_t i = 0; i < N_SAMPLES; i++) {
    const struct sample *s = &samples[i];
    int64_t fewest = of(s->text, strlen(s->text)).fewest;
    if (fewest * 100 > s->fewest * 103)
      fail_msg("%s: at least %lld tokens, the best has %d", s->name, (long long)fewest, s->fewest);
  }
}

static void what_is_no_text_has_its_tokens_too(void **state) {
  (void)state;
  assert_int_equal(of("", 0).likely, 0);
  struct tokens broken = of("\xff\xfe\xff\xfe", 4), cut = of("caf\xc3", 4);
  assert_true(broken.likely >= 4 && broken.most >= 4);
  assert_true(cut.likely >= 2 && cut.fewest <= 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_booked_is_near_the_median_tokenizer_in_every_script),
      cmocka_unit_test(the_reservation_holds_for_the_worst_tokenizer),
      cmocka_unit_test(no_prompt_is_refused_that_the_best_tokenizer_makes_short),
      cmocka_unit_test(what_is_no_text_has_its_tokens_too),
  };
  return cmocka_run_group_tests_name("tokens", tests, NULL, NULL);
}
