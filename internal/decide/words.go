package decide

import (
	"github.com/veiviser/veiviser/internal/stage"
	"github.com/veiviser/veiviser/internal/veiviser"
)

// The sentences of the service, in the languages it speaks. They are said to a customer: no jargon, nothing she would
// mind to have inferred about her.
var (
	stageSentences = map[veiviser.StandardStage]veiviser.Text{
		veiviser.StageNeed: {
			"nb": "Til hjelp når du lurer på hva du trenger.",
			"sv": "Till hjälp när du funderar på vad du behöver.",
			"en": "Helps when you are wondering what you need.",
		},
		veiviser.StageSearch: {
			"nb": "Gir deg oversikt over hva som finnes.",
			"sv": "Ger dig överblick över vad som finns.",
			"en": "Gives you an overview of what there is.",
		},
		veiviser.StageEvaluate: {
			"nb": "Hjelper deg å sammenligne før du bestemmer deg.",
			"sv": "Hjälper dig att jämföra innan du bestämmer dig.",
			"en": "Helps you compare before you decide.",
		},
		veiviser.StagePurchase: {
			"nb": "Gjør det enkelt å fullføre kjøpet.",
			"sv": "Gör det enkelt att slutföra köpet.",
			"en": "Makes it easy to complete your purchase.",
		},
		veiviser.StageUse: {
			"nb": "Hjelper deg å få mest mulig ut av det du har kjøpt.",
			"sv": "Hjälper dig att få ut det mesta av det du har köpt.",
			"en": "Helps you get the most out of what you bought.",
		},
		veiviser.StageAdvocate: {
			"nb": "For deg som vil dele erfaringen din.",
			"sv": "För dig som vill dela med dig av din erfarenhet.",
			"en": "For you who want to share your experience.",
		},
	}

	sentences = map[veiviser.BecauseCode]veiviser.Text{
		veiviser.BecauseStage: {
			"nb": "Passer til det du er ute etter.", "sv": "Passar det du är ute efter.", "en": "Fits what you came for.",
		},
		veiviser.BecauseSignal: {
			"nb": "Passer til det du nettopp gjorde.", "sv": "Passar till det du nyss gjorde.", "en": "Fits what you just did.",
		},
		veiviser.BecauseSubject: {
			"nb": "Handler om det du ser på.", "sv": "Handlar om det du tittar på.", "en": "Is about what you are looking at.",
		},
		veiviser.BecauseSegment: {
			"nb": "Passer for folk i din situasjon.", "sv": "Passar för folk i din situation.",
			"en": "Suits people in your situation.",
		},
		veiviser.BecauseUnsure: {
			"nb": "Nyttig uansett hva du er ute etter.", "sv": "Användbart vad du än är ute efter.",
			"en": "Useful whatever you are looking for.",
		},
		veiviser.BecauseFallback: {
			"nb": "Akkurat nå har vi ikke noe som passer bedre.", "sv": "Just nu har vi inget som passar bättre.",
			"en": "Right now we have nothing that fits better.",
		},
		veiviser.BecauseExplore: {
			"nb": "Vi prøver ut om dette er til hjelp.", "sv": "Vi provar om det här är till hjälp.",
			"en": "We are finding out whether this helps.",
		},
		veiviser.BecauseBoost: {
			"nb": "Butikken fremhever dette nå.", "sv": "Butiken lyfter fram detta nu.", "en": "The shop is promoting this now.",
		},
		veiviser.BecauseDegraded: {
			"nb": "Valgt uten å se på hva du har gjort tidligere.", "sv": "Valt utan att titta på vad du har gjort tidigare.",
			"en": "Chosen without looking at what you did before.",
		},
		veiviser.BecauseDuty: {
			"nb": "Dette må vi si fra om.", "sv": "Det här måste vi meddela dig.", "en": "This is something we have to tell you.",
		},
		veiviser.BecauseCase: {
			"nb": "Vi har noe å rette opp for deg først.", "sv": "Vi har något att ställa till rätta för dig först.",
			"en": "We have something to put right for you first.",
		},
		veiviser.BecauseRecovery: {
			"nb": "Fordi noe gikk galt, og vi vil følge opp.", "sv": "För att något gick fel, och vi vill följa upp.",
			"en": "Because something went wrong, and we want to follow up.",
		},
		veiviser.BecauseHolding: {
			"nb": "Dette er det vi vet nå.", "sv": "Det här är vad vi vet nu.", "en": "This is what we know right now.",
		},
		veiviser.BecauseRung: {
			"nb": "For deg som har vært hos oss en stund.", "sv": "För dig som har varit hos oss ett tag.",
			"en": "For you who have been with us for a while.",
		},
		veiviser.BecauseYouSaid: {
			"nb": "Du har selv fortalt oss hvor langt du er kommet.", "sv": "Du har själv berättat för oss hur långt du har kommit.",
			"en": "You told us yourself how far you have got.",
		},
	}

	// answers are what she told us of something we showed, in the form of the texts of signals: they stand alone as
	// evidence, and as the reason for showing something else.
	answers = map[string]veiviser.Text{
		stage.ToldTooEarly: {
			"nb": "Du sa at noe vi viste, kom for tidlig", "sv": "Du sa att något vi visade kom för tidigt",
			"en": "You said that something we showed came too early",
		},
		stage.ToldTooLate: {
			"nb": "Du sa at noe vi viste, kom for sent", "sv": "Du sa att något vi visade kom för sent",
			"en": "You said that something we showed came too late",
		},
		stage.ToldKnown: {
			"nb": "Du sa at du alt kjente til noe vi viste", "sv": "Du sa att du redan kände till något vi visade",
			"en": "You said that you already knew something we showed",
		},
		stage.ToldHelpful: {
			"nb": "Du sa at noe vi viste, var til hjelp", "sv": "Du sa att något vi visade var till hjälp",
			"en": "You said that something we showed helped",
		},
		stage.ToldStage: {
			"nb": "Du har selv fortalt oss hvor langt du er kommet", "sv": "Du har själv berättat för oss hur långt du har kommit",
			"en": "You told us yourself how far you have got",
		},
		stage.ToldAnswer: {
			"nb": "Du svarte på et spørsmål fra oss", "sv": "Du svarade på en fråga från oss", "en": "You answered a question of ours",
		},
	}

	// groupSaid is what is said for [stage.ToldStage] of the decision of a company: one of them said so, not always who reads it.
	groupSaid = veiviser.Text{
		"nb": "Dere har selv fortalt oss hvor langt dere er kommet", "sv": "Ni har själva berättat för oss hur långt ni har kommit",
		"en": "You told us yourselves how far you have got",
	}

	silences = map[veiviser.SilenceReason]veiviser.Text{
		veiviser.SilenceNothing: {
			"nb": "Vi viste ingenting, for ingenting passet.", "sv": "Vi visade inget, för inget passade.",
			"en": "We showed nothing because nothing fitted.",
		},
		veiviser.SilenceNotUseful: {
			"nb": "Vi viste ingenting, for ingenting var nyttig nok til å be om oppmerksomheten.",
			"sv": "Vi visade inget, för inget var nyttigt nog att be om uppmärksamhet.",
			"en": "We showed nothing because nothing was useful enough to ask for attention.",
		},
		veiviser.SilenceRule: {
			"nb": "Vi viste ingenting, for her skal vi være stille nå.", "sv": "Vi visade inget, för här ska vi vara tysta nu.",
			"en": "We showed nothing because this place is to be quiet now.",
		},
		veiviser.SilenceAudience: {
			"nb": "Vi viste ingenting, for dette stedet er for andre.", "sv": "Vi visade inget, för den här platsen är för andra.",
			"en": "We showed nothing because this place is for others.",
		},
		veiviser.SilenceNoRoom: {
			"nb": "Vi viste ingenting, for det var ikke plass.", "sv": "Vi visade inget, för det fanns ingen plats.",
			"en": "We showed nothing because there was no room.",
		},
		veiviser.SilenceUnavailable: {
			"nb": "Vi viste ingenting, for vi mangler noe vi trenger akkurat nå.", "sv": "Vi visade inget, för vi saknar något vi behöver just nu.",
			"en": "We showed nothing because something we need is missing right now.",
		},
		veiviser.SilenceControl: {
			"nb": "Vi viste ingenting her, for hos noen lar vi det være for å finne ut om anbefalingene våre er til hjelp.",
			"sv": "Vi visade inget här, för hos några låter vi bli för att ta reda på om våra rekommendationer är till hjälp.",
			"en": "We showed nothing here because with some people we leave it out to find out whether our recommendations help.",
		},
		veiviser.SilencePaused: {
			"nb": "Vi viste ingenting, for du ba om en pause.", "sv": "Vi visade inget, för du bad om en paus.",
			"en": "We showed nothing because you asked for a pause.",
		},
		veiviser.SilenceChannel: {
			"nb": "Vi viste ingenting, for du vil ikke ha noe her.", "sv": "Vi visade inget, för du vill inte ha något här.",
			"en": "We showed nothing because you want nothing here.",
		},
		veiviser.SilenceMuted: {
			"nb": "Vi viste ingenting, for det vi har her, vil du ikke se.", "sv": "Vi visade inget, för det vi har här vill du inte se.",
			"en": "We showed nothing because you asked not to see what we have here.",
		},
		veiviser.SilenceConsent: {
			"nb": "Vi viste ingenting, for du har ikke sagt ja til det.", "sv": "Vi visade inget, för du har inte sagt ja till det.",
			"en": "We showed nothing because you have not agreed to it.",
		},
		veiviser.SilenceQuiet: {
			"nb": "Vi viste ingenting, for nå er det stille hos deg.", "sv": "Vi visade inget, för nu är det tyst hos dig.",
			"en": "We showed nothing because these are quiet hours where you are.",
		},
		veiviser.SilenceBudget: {
			"nb": "Vi viste ingenting, for vi har bedt om nok av oppmerksomheten din.",
			"sv": "Vi visade inget, för vi har bett om nog av din uppmärksamhet.",
			"en": "We showed nothing because we have asked for enough of your attention.",
		},
		veiviser.SilenceCapped: {
			"nb": "Vi viste ingenting, for her har du fått nok fra oss i det siste.",
			"sv": "Vi visade inget, för här har du fått nog från oss på sistone.",
			"en": "We showed nothing because you have had enough from us here lately.",
		},
		veiviser.SilenceMemory: {
			"nb": "Vi viste ingenting, for vi har vist deg så mye i det siste at vi ikke kan holde tall på mer.",
			"sv": "Vi visade inget, för vi har visat dig så mycket på sistone att vi inte kan hålla räkning på mer.",
			"en": "We showed nothing because we have shown you so much lately that we cannot keep count of more.",
		},
		veiviser.SilenceSwitch: {
			"nb": "Vi viste ingenting, for vi er stille om dette akkurat nå.", "sv": "Vi visade inget, för vi är tysta om detta just nu.",
			"en": "We showed nothing because we are silent about this right now.",
		},
		veiviser.SilenceUnknown: {
			"nb": "Vi viste ingenting, for akkurat nå kan vi ikke se hva du har bedt oss om.",
			"sv": "Vi visade inget, för just nu kan vi inte se vad du har bett oss om.",
			"en": "We showed nothing because right now we cannot look up what you have asked of us.",
		},
	}

	standing = veiviser.Text{
		"nb": "Trolig trinn: %s (%.0f %%).", "sv": "Troligt steg: %s (%.0f %%).", "en": "Likely stage: %s (%.0f%%).",
	}
	standingUnsure = veiviser.Text{
		"nb": "Vi er usikre på hvor langt beslutningen er kommet.", "sv": "Vi är osäkra på hur långt beslutet har kommit.",
		"en": "We are unsure how far the decision has come.",
	}
)
