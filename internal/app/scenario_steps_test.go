package app_test

// steps are the kinds of steps that are one call: the RPC, and the fields that the words behind the name of the step
// fill, in order. A word that begins with + or - is the moment (field time), one of the flags asks for more in the
// answer, a word "x=y" sets field x. What stands in the section is the request (see reader).
var steps = map[string]struct {
	service, rpc string
	fields       []string
}{
	"recommend": {"DecisionService", "Recommend", []string{"visitor_id"}},
	"explain":   {"DecisionService", "ExplainDecision", []string{"decision_id"}},
	"record":    {"VisitService", "RecordEvents", nil},
	"visitor":   {"VisitService", "GetVisitor", []string{"visitor_id"}},
	"account":   {"VisitService", "GetAccount", []string{"account_id"}},
	"link":      {"VisitService", "LinkVisitors", []string{"visitor_id", "linked_visitor_ids"}},
	"erase":     {"VisitService", "EraseVisitor", []string{"visitor_id"}},
	"export":    {"VisitService", "ExportVisitor", []string{"visitor_id"}},
	"wish":      {"VisitService", "SetDirective", []string{"visitor_id"}},
	"wishes":    {"VisitService", "ListDirectives", []string{"visitor_id"}},
	"unwish":    {"VisitService", "RemoveDirective", []string{"visitor_id", "directive_id"}},
	"consent":   {"VisitService", "SetConsent", []string{"visitor_id"}},
	"consents":  {"VisitService", "ListConsents", []string{"visitor_id"}},
	"upsert":    {"CatalogService", "UpsertItems", nil},
	"item":      {"CatalogService", "GetItem", []string{"item_id"}},
	"items":     {"CatalogService", "ListItems", nil},
	"delete":    {"CatalogService", "DeleteItem", []string{"item_id", "etag"}},
	"plan":      {"PlanService", "GetPlan", []string{"version"}},
	"validate":  {"PlanService", "ValidatePlan", nil},
	"publish":   {"PlanService", "PublishPlan", nil},
	"rollback":  {"PlanService", "RollBackPlan", []string{"version"}},
	"versions":  {"PlanService", "ListPlanVersions", nil},
	"switch":    {"PlanService", "SetSwitch", nil},
	"dryrun":    {"PlanService", "SetSwitch", nil},
	"resume":    {"PlanService", "ResumeSwitch", []string{"switch_id"}},
	"switches":  {"PlanService", "ListSwitches", nil},
	"alerts":    {"InsightService", "ListAlerts", nil},
	"profile":   {"InsightService", "GetSegmentProfile", []string{"segment_id"}},
	"profiles":  {"InsightService", "ListSegmentProfiles", nil},

	"cases":       {"InsightService", "ListCases", nil},
	"recovery":    {"InsightService", "GetRecovery", nil},
	"loyalty":     {"InsightService", "GetLoyalty", nil},
	"acquisition": {"InsightService", "GetAcquisition", nil},
}
