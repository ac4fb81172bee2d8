package store

// dictionary holds strings that are written as one or two bytes. It may only ever be appended to.
var dictionary = [...]string{
	"need", "search", "evaluate", "purchase", "use", "advocate",
	"view", "compare", "save", "question", "cart_add", "cart_remove", "checkout", "delivery_confirmed",
	"delivery_failed", "return", "complaint", "complaint_resolved", "review", "share", "subscribe", "unsubscribe",
	"impression", "click", "dismiss", "helpful", "not_relevant", "too_early", "too_late", "known",
	"web", "app", "mail", "store", "phone", "chat", "push", "sms", "kiosk", "ad", "social", "direct", "internal",
	"desktop", "mobile", "tablet", "nb", "sv", "en", "da", "fi", "de", "nb-NO", "sv-SE", "en-GB", "en-US",
	"content", "offer", "service", "banner", "card", "list", "text", "teaser", "article", "video", "hero", "tile", "link",
	"FITS_STAGE", "YOU_DID", "ABOUT_SUBJECT", "LIKE_OTHERS", "GENERAL_HELP", "FALLBACK", "TRYING_OUT", "PROMOTED",
	"WITHOUT_HISTORY", "NOTHING_ELIGIBLE", "NOT_USEFUL", "PLACEMENT_RULE", "AUDIENCE", "NO_SLOTS", "UNAVAILABLE",
	"NOT_A_CANDIDATE", "EXCLUDED_BY_REQUEST", "DRAFT", "KIND_NOT_ALLOWED", "NO_REPRESENTATION", "OUTSIDE_DATES",
	"OUT_OF_STOCK", "OTHER_AUDIENCE", "OTHER_SUBJECT", "OTHER_JOURNEY", "STAGE_UNSURE", "OTHER_SEGMENT", "RULE_FALSE",
	"RULE_FAILED", "SERVED_ELSEWHERE", "NOT_SHORT_LISTED", "BELOW_ATTENTION_COST", "OUTRANKED",
	"customer", "supplier", "investor", "press", "neighbour", "job_seeker",
	"page", "query", "referrer", "value", "boost", "attention", "stage:need", "stage:search", "stage:evaluate",
	"stage:purchase", "stage:use", "stage:advocate", "channel:web", "channel:app", "channel:mail",
	"treated", "control", "ON", "SPARED", "OFF_REQUEST", "BUYING", "COMPLAINING", "CONTROL_GROUP",
	"ask", "answer", "complaint_response", "MUTE_TOPIC", "MUTE_ITEM", "MUTE_KIND", "MUTE_CHANNEL", "NOT_NOW", "JUST_LOOKING",
	"DECIDED", "CORRECT_STAGE", "DO_NOT_PROFILE", "COMPLAINT", "LATE_DELIVERY", "WRONG_DELIVERY", "PAUSED", "MUTED_CHANNEL",
	"NO_CONSENT", "QUIET_HOURS", "ATTENTION_BUDGET", "MUTED", "OPEN_CASE", "AWAITING_DELIVERY", "NO_SELL", "SWITCHED_OFF",
	"CAPPED", "TOLD_OTHERWISE", "OTHER_STANDING", "MUST_KNOW", "PUTS_RIGHT", "AFTER_CASE", "STATEMENT", "NEXT_STEP", "YOU_SAID",
	"CASE_OPENED", "CASE_ANSWERED", "CASE_RESOLVED", "CASE_CLOSED", "RECOVERED", "FIRST_ORDER", "HANDOVER", "WORTH", "DEMOTED",
	"MEMORY_FULL",
}

const (
	dictionarySlots = 1024
	longestWord     = 24
)

// dictionarySlot finds a word: its index plus one at its hash, or in one of the next slots.
var dictionarySlot = func() (slots [dictionarySlots]uint16) {
	for i, w := range dictionary {
		h := wordHash(w)
		for slots[h%dictionarySlots] != 0 {
			h++
		}
		slots[h%dictionarySlots] = uint16(i + 1)
	}
	return slots
}()

func wordHash(w string) uint {
	n := len(w)
	return uint(n)*131 + uint(w[0])*31 + uint(w[n-1])*7 + uint(w[n/2])*17 + uint(w[n/3])*57
}

// lookup returns the index of w in the dictionary.
func lookup(w string) (uint64, bool) {
	if w == "" || len(w) > longestWord || w[len(w)-1] <= '9' { // no word ends in a digit, most ids do
		return 0, false
	}
	for h := wordHash(w); ; h++ {
		i := dictionarySlot[h%dictionarySlots]
		if i == 0 {
			return 0, false
		}
		if dictionary[i-1] == w {
			return uint64(i - 1), true
		}
	}
}
