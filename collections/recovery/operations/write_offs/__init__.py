"""Write-offs, from the rule that proposes them to the approval; resale, which is off as shipped."""
