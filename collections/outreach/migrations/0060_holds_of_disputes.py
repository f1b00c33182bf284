"""A hold on contact may be that of a dispute; beside it people hold back what they like."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0056_names_of_columns'),
        ('casework', '0030_disputes'),
        ('outreach', '0054_fewer_indexes_of_messages'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='contacthold',
            name='one_open_hold_of_a_kind_on_an_account',
        ),
        migrations.RemoveConstraint(
            model_name='contacthold',
            name='one_open_hold_of_a_kind_on_a_customer',
        ),
        migrations.AddField(
            model_name='contacthold',
            name='dispute',
            field=models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='contact_hold', to='casework.dispute'),
        ),
        migrations.AddConstraint(
            model_name='contacthold',
            constraint=models.UniqueConstraint(condition=models.Q(('dispute__isnull', True), ('until__isnull', True)), fields=('account', 'kind'), name='one_open_hold_of_a_kind_on_an_account'),
        ),
        migrations.AddConstraint(
            model_name='contacthold',
            constraint=models.UniqueConstraint(condition=models.Q(('account__isnull', True), ('dispute__isnull', True), ('until__isnull', True)), fields=('customer', 'kind'), name='one_open_hold_of_a_kind_on_a_customer'),
        ),
    ]
