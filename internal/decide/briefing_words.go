package decide

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// briefingWords are what a briefing is made of in one language.
type briefingWords struct {
	about                                           string // subject, in brackets
	caseOpen, caseResolved                          string // cause, about, when
	caseAnswered, caseOverdue, caseDue              string // when, or how long
	causes                                          map[veiviser.CaseCause]string
	switchTopic, switchRegion, switchAll, switchSay string
	unprofiled                                      string
	wishBeyond                                      string                            // subjects of which something else was said since
	wishes                                          map[veiviser.DirectiveKind]string // target
	kinds                                           map[veiviser.ItemKind]string
	stages                                          map[veiviser.StandardStage]string
	order, orderLate, orderDue                      string
	toldPrice, toldClaim                            string // what, of what, when
	noHistory, evidence                             string
	prospect, waiting, customer, rung, tier         string
	account, accountRole                            string
	justNow, past                                   string
	minute, minutes, hour, hours, day, days         string
}

// spokenIn is the language of the service that a tag is spoken in.
func spokenIn(tag string) string {
	switch veiviser.PrimaryLanguage(tag) {
	case "sv":
		return "sv"
	case "nb":
		return "nb"
	default:
		return "en"
	}
}

// ago is a time in the past: "3 days ago".
func (w *briefingWords) ago(d time.Duration) string {
	if d < time.Minute {
		return w.justNow
	}
	return fmt.Sprintf(w.past, w.span(d))
}

// span is a length of time, in the largest unit of which there is one and a half: "90 minutes", "2 hours", "3 days".
func (w *briefingWords) span(d time.Duration) string {
	one, many, n := w.minute, w.minutes, int64(max(d.Round(time.Minute), time.Minute)/time.Minute)
	switch {
	case d >= 36*time.Hour:
		one, many, n = w.day, w.days, int64((d+12*time.Hour)/(24*time.Hour))
	case d >= 100*time.Minute:
		one, many, n = w.hour, w.hours, int64((d+30*time.Minute)/time.Hour)
	}
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatInt(n, 10) + " " + many
}

// price is "24 990 NOK" for "NOK 24990000000"; what is no price stays as it is.
func (w *briefingWords) price(value string) string {
	currency, micros, ok := strings.Cut(value, " ")
	n, err := strconv.ParseInt(micros, 10, 64)
	if !ok || err != nil {
		return value
	}
	sign := ""
	if n < 0 {
		sign, n = "−", -n
	}
	whole := strconv.FormatInt(n/1_000_000, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "\u00a0" + whole[i:]
	}
	if rest := n % 1_000_000 / 10_000; rest != 0 {
		whole += fmt.Sprintf(",%02d", rest)
	}
	return sign + whole + "\u00a0" + currency
}

// briefings are the words for employees, by language. What is said to her stands in words.go.
var briefings = map[string]*briefingWords{
	"nb": {
		about:    " (%s)",
		caseOpen: "Åpen sak: %s%s, åpnet %s.", caseResolved: "Løst sak: %s%s, rettet opp %s.",
		caseAnswered: "Besvart %s, men ikke rettet opp ennå.", caseOverdue: "Svaret er %s for sent.",
		caseDue: "Svar ventes innen %s.",
		causes: map[veiviser.CaseCause]string{
			veiviser.CaseComplaint: "klage", veiviser.CaseLate: "forsinket levering", veiviser.CaseWrong: "feil levering",
		},
		switchTopic: "Vi sier ingenting om %s akkurat nå.", switchRegion: "Vi sier ingenting i %s akkurat nå.",
		switchAll: "Vi sier ingenting til kunden akkurat nå.", switchSay: "Si dette: «%s»",
		unprofiled: "Ønsker ikke å bli profilert.", wishBeyond: ", men ikke når det gjelder %s",
		wishes: map[veiviser.DirectiveKind]string{
			veiviser.MuteTopic: "Vil ikke høre om: %s", veiviser.MuteItem: "Vil ikke se: %s", veiviser.MuteKind: "Vil ikke ha: %s",
			veiviser.MuteChannel: "Vil ikke ha noe i kanalen: %s", veiviser.NotNow: "Vil ha pause fra oss i %s til",
			veiviser.JustLooking: "Ser seg bare rundt, og vil ikke ha tilbud", veiviser.Decided: "Har bestemt seg",
			veiviser.CorrectStage: "Sier selv: %s", veiviser.DoNotProfile: "Ønsker ikke å bli profilert",
		},
		kinds: map[veiviser.ItemKind]string{
			veiviser.KindOffer: "tilbud", veiviser.KindContent: "innhold", veiviser.KindService: "tjenester", veiviser.KindAsk: "spørsmål",
		},
		stages: map[veiviser.StandardStage]string{
			veiviser.StageNeed: "lurer på hva som trengs", veiviser.StageSearch: "ser seg om", veiviser.StageEvaluate: "veier for og imot",
			veiviser.StagePurchase: "vil kjøpe", veiviser.StageUse: "har kjøpt", veiviser.StageAdvocate: "vil dele erfaringen",
		},
		order: "Venter på en bestilling%s, gjort %s.", orderLate: "Den er %s forsinket.", orderDue: "Den er lovet innen %s.",
		toldPrice: "Har fått opplyst pris %s for %s (%s).", toldClaim: "Har fått opplyst %s for %s (%s).",
		noHistory: "Vi får ikke tak i historikken akkurat nå.", evidence: "Det vi bygger på, slik kunden ser det: «%s»",
		prospect: "Har ikke bestilt hos oss ennå.", waiting: "Den første bestillingen er ikke levert som den skal ennå.", customer: "Kunde; bestilte første gang %s.",
		rung: "Trinn på lojalitetsstigen: %s.", tier: "Kundeklasse: %s.",
		account: "Representerer %s.", accountRole: "Representerer %s (rolle: %s).",
		justNow: "nettopp", past: "for %s siden",
		minute: "minutt", minutes: "minutter", hour: "time", hours: "timer", day: "dag", days: "dager",
	},
	"sv": {
		about:    " (%s)",
		caseOpen: "Öppet ärende: %s%s, öppnat %s.", caseResolved: "Löst ärende: %s%s, åtgärdat %s.",
		caseAnswered: "Besvarat %s, men inte åtgärdat än.", caseOverdue: "Svaret är %s försenat.",
		caseDue: "Svar väntas inom %s.",
		causes: map[veiviser.CaseCause]string{
			veiviser.CaseComplaint: "klagomål", veiviser.CaseLate: "försenad leverans", veiviser.CaseWrong: "fel leverans",
		},
		switchTopic: "Vi säger inget om %s just nu.", switchRegion: "Vi säger inget i %s just nu.",
		switchAll: "Vi säger inget till kunden just nu.", switchSay: "Säg så här: ”%s”",
		unprofiled: "Vill inte bli profilerad.", wishBeyond: ", men inte när det gäller %s",
		wishes: map[veiviser.DirectiveKind]string{
			veiviser.MuteTopic: "Vill inte höra om: %s", veiviser.MuteItem: "Vill inte se: %s", veiviser.MuteKind: "Vill inte ha: %s",
			veiviser.MuteChannel: "Vill inte ha något i kanalen: %s", veiviser.NotNow: "Vill ha paus från oss i %s till",
			veiviser.JustLooking: "Ser sig bara omkring och vill inte ha erbjudanden", veiviser.Decided: "Har bestämt sig",
			veiviser.CorrectStage: "Säger själv: %s", veiviser.DoNotProfile: "Vill inte bli profilerad",
		},
		kinds: map[veiviser.ItemKind]string{
			veiviser.KindOffer: "erbjudanden", veiviser.KindContent: "innehåll", veiviser.KindService: "tjänster", veiviser.KindAsk: "frågor",
		},
		stages: map[veiviser.StandardStage]string{
			veiviser.StageNeed: "funderar på vad som behövs", veiviser.StageSearch: "ser sig om", veiviser.StageEvaluate: "väger för och emot",
			veiviser.StagePurchase: "vill köpa", veiviser.StageUse: "har köpt", veiviser.StageAdvocate: "vill dela sin erfarenhet",
		},
		order: "Väntar på en beställning%s, gjord %s.", orderLate: "Den är %s försenad.", orderDue: "Den är utlovad inom %s.",
		toldPrice: "Har fått uppgift om priset %s för %s (%s).", toldClaim: "Har fått uppgift om %s för %s (%s).",
		noHistory: "Vi kommer inte åt historiken just nu.", evidence: "Det vi bygger på, så som kunden ser det: ”%s”",
		prospect: "Har inte beställt hos oss än.", waiting: "Den första beställningen är inte levererad som den ska än.", customer: "Kund; beställde första gången %s.",
		rung: "Steg på lojalitetstrappan: %s.", tier: "Kundklass: %s.",
		account: "Företräder %s.", accountRole: "Företräder %s (roll: %s).",
		justNow: "nyss", past: "för %s sedan",
		minute: "minut", minutes: "minuter", hour: "timme", hours: "timmar", day: "dag", days: "dagar",
	},
	"en": {
		about:    " (%s)",
		caseOpen: "Open case: %s%s, opened %s.", caseResolved: "Resolved case: %s%s, put right %s.",
		caseAnswered: "Answered %s, but not put right yet.", caseOverdue: "The answer is %s overdue.",
		caseDue: "An answer is due within %s.",
		causes: map[veiviser.CaseCause]string{
			veiviser.CaseComplaint: "complaint", veiviser.CaseLate: "late delivery", veiviser.CaseWrong: "wrong delivery",
		},
		switchTopic: "We are saying nothing about %s right now.", switchRegion: "We are saying nothing in %s right now.",
		switchAll: "We are saying nothing to the customer right now.", switchSay: "Say this: \"%s\"",
		unprofiled: "Does not want to be profiled.", wishBeyond: ", except about %s",
		wishes: map[veiviser.DirectiveKind]string{
			veiviser.MuteTopic: "Does not want to hear about: %s", veiviser.MuteItem: "Does not want to see: %s",
			veiviser.MuteKind: "Does not want: %s", veiviser.MuteChannel: "Wants nothing in the channel: %s",
			veiviser.NotNow: "Wants a pause from us for another %s", veiviser.JustLooking: "Is only looking around and wants no offers",
			veiviser.Decided: "Has decided", veiviser.CorrectStage: "In the customer's own words: %s", veiviser.DoNotProfile: "Does not want to be profiled",
		},
		kinds: map[veiviser.ItemKind]string{
			veiviser.KindOffer: "offers", veiviser.KindContent: "content", veiviser.KindService: "services", veiviser.KindAsk: "questions",
		},
		stages: map[veiviser.StandardStage]string{
			veiviser.StageNeed: "wonders what is needed", veiviser.StageSearch: "is looking around",
			veiviser.StageEvaluate: "is weighing up", veiviser.StagePurchase: "wants to buy", veiviser.StageUse: "has bought",
			veiviser.StageAdvocate: "wants to share the experience",
		},
		order: "Is waiting for an order%s, placed %s.", orderLate: "It is %s late.", orderDue: "It is promised within %s.",
		toldPrice: "Was told the price %s for %s (%s).", toldClaim: "Was told %s for %s (%s).",
		noHistory: "We cannot get at the history right now.", evidence: "What we go by, as the customer would read it: \"%s\"",
		prospect: "Has not ordered from us yet.", waiting: "The first order has not been delivered right yet.", customer: "Customer; ordered first %s.",
		rung: "Rung of the loyalty ladder: %s.", tier: "Customer tier: %s.",
		account: "Acts for %s.", accountRole: "Acts for %s (role: %s).",
		justNow: "just now", past: "%s ago",
		minute: "minute", minutes: "minutes", hour: "hour", hours: "hours", day: "day", days: "days",
	},
}
